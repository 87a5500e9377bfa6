package dev.assetmanagerd.process;

import java.util.Arrays;
import java.util.Optional;

/**
 * The steps at which a test can make a node fail: each lies between something that the cluster has
 * agreed on and what this node then does outside, or the other way round.
 *
 * <p>Adding one here is all it takes; a test that names a step that does not exist does not
 * compile.
 */
public enum FailPoint {
  /** Assets are marked as being deleted; nothing else has happened. */
  DELETE_AFTER_MARK("delete.after-mark"),
  /** The leader has proved that it leads and is about to delete a blob. */
  DELETE_BEFORE_BLOB("delete.before-blob"),
  /** A blob is gone from the store; the registry does not know it yet. */
  DELETE_AFTER_BLOB("delete.after-blob"),
  /** The registry has dropped the records; nobody has been told. */
  DELETE_AFTER_PURGE("delete.after-purge"),
  /** An upload has a name in the store that nobody else gets; nothing is stored under it. */
  UPLOAD_AFTER_RESERVE("upload.after-reserve"),
  /** The uploaded bytes are stored; the asset is not registered. */
  UPLOAD_AFTER_PUT("upload.after-put"),
  /** The uploaded asset is registered; the client does not know it. */
  UPLOAD_AFTER_REGISTER("upload.after-register"),
  /** A part of an upload is in the store; the upload does not count it yet. */
  UPLOAD_AFTER_PART_PUT("upload.after-part-put"),
  /** An upload counts a part; the client does not know it. */
  UPLOAD_AFTER_PART_APPEND("upload.after-part-append"),
  /** An upload that goes on at any node is an asset; its parts are still stored. */
  UPLOAD_BEFORE_PARTS_DELETED("upload.before-parts-deleted"),
  /** A build is wanted; nobody works on it. */
  BUILD_AFTER_WANT("build.after-want"),
  /** It is recorded that the builder is about to be asked; it has not been. */
  BUILD_AFTER_STARTING("build.after-starting"),
  /** The builder has been asked; what it answered is not recorded. */
  BUILD_AFTER_CREATE("build.after-create"),
  /** The builder's answer is recorded; nobody watches the build. */
  BUILD_AFTER_STARTED("build.after-started"),
  /** The builder is done; that is not recorded. */
  BUILD_BEFORE_COMPLETE("build.before-complete"),
  /** The result is recorded; nobody who waits for it has been told. */
  BUILD_AFTER_COMPLETE("build.after-complete"),
  /** Assets to be prepared are held by leases; no file is in place. */
  PREPARE_AFTER_LEASES("prepare.after-leases"),
  /** The files are in place; the client does not know it. */
  PREPARE_AFTER_PLACE("prepare.after-place"),
  /** Blobs that nobody refers to are condemned; they are still stored. */
  SWEEP_AFTER_CONDEMN("sweep.after-condemn");

  private final String id;

  FailPoint(String id) {
    this.id = id;
  }

  /** Its name outside the code, which is also that of its file, e.g. {@code delete.after-mark}. */
  public String id() {
    return id;
  }

  /** The one with that id. */
  public static Optional<FailPoint> ofId(String id) {
    return Arrays.stream(values()).filter(point -> point.id.equals(id)).findFirst();
  }
}
