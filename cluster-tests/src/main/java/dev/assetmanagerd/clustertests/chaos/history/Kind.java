package dev.assetmanagerd.clustertests.chaos.history;

/** What a call asks for. */
public enum Kind {
  /** RegisterAsset. */
  REGISTER(true),
  /** UploadAsset. */
  UPLOAD(true),
  /** AcquireAsset, or AcquireLeases over several assets. */
  ACQUIRE(true),
  /** RenewLeases. */
  RENEW(true),
  /** ReleaseAsset. */
  RELEASE(true),
  /** DeleteAsset. */
  DELETE(true),
  /** GarbageCollect that deletes. */
  COLLECT(true),
  /** PrepareAssets. */
  PREPARE(true),
  /** OpenSession. */
  OPEN_SESSION(true),
  /** KeepSession. */
  KEEP_SESSION(true),
  /** CloseSession. */
  CLOSE_SESSION(true),
  /** GetAsset. */
  GET(false),
  /** ListAssets. */
  LIST(false),
  /** QueryAssets. */
  QUERY(false);

  private final boolean write;

  Kind(boolean write) {
    this.write = write;
  }

  /** Whether it changes the registry, so that it needs a leader with a quorum. */
  public boolean isWrite() {
    return write;
  }
}
