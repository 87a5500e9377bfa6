package dev.assetmanagerd.clustertests.chaos.check;

/**
 * What a call did to one asset, together with what it was answered. Leases and contents are numbers
 * of a {@link LeaseTable}; numbers of references are {@link #ANY} where the answer has none.
 */
sealed interface AssetOperation {
  /** Content that was not said, or number of references. */
  int ANY = -1;

  /** Lease of an acquire without an answer, that does not end by itself. */
  int NAMELESS = -1;

  /** The asset was answered, or listed. */
  record Present(int content, int references) implements AssetOperation {}

  /** There was none that can be used. */
  record Missing() implements AssetOperation {}

  /** It was registered, or was there with the same content already. */
  record Register(int content, int references) implements AssetOperation {}

  /** It could not be registered because of other content under its id. */
  record Conflict(int content) implements AssetOperation {}

  /**
   * A lease was granted.
   *
   * @param lifeNanos of a lease that nobody knows of, how long it lives at least; {@link #ANY} of
   *     others
   */
  record Acquire(int lease, int references, long lifeNanos) implements AssetOperation {
    /** One that is known. */
    Acquire(int lease, int references) {
      this(lease, references, ANY);
    }
  }

  /** A lease was refused for the state the asset is in. */
  record Unavailable() implements AssetOperation {}

  /** A lease lived, and lives longer now. */
  record Renew(int lease) implements AssetOperation {}

  /** A lease could not be renewed because it was gone, or its time had passed. */
  record RenewRefused(int lease, long returnNanos) implements AssetOperation {}

  /** A lease was given back, or had been before. */
  record Release(int lease, int references) implements AssetOperation {}

  /** There was no lease to give back. */
  record ReleaseRefused(int lease) implements AssetOperation {}

  /** A lease ended without its holder's doing. */
  record End(int lease) implements AssetOperation {}

  /** Whatever there was of a lease was ended, as with its session. */
  record EndAny(int lease) implements AssetOperation {}

  /** It was deleted, or had been and was not quite gone. */
  record Delete(boolean force) implements AssetOperation {}

  /** It was not deleted because of its leases. */
  record DeleteRefused(int references, long returnNanos) implements AssetOperation {}

  /** There was nothing to delete, not even the rest of an asset. */
  record DeleteMissing() implements AssetOperation {}
}
