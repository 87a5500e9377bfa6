package dev.assetmanagerd.registry;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.List;

/**
 * Blobs that are kept for backups alone. Which backups that are: see {@link BackupSchema}.
 *
 * <p>A blob is kept when its last asset goes, in place of being condemned. Taking it up again is
 * allowed, for its bytes are there; that it is kept does not change by that.
 */
final class KeptBlobs {
  /** Those that are being made count as much as those that are complete. */
  private static final String LAST_BACKUP =
      "SELECT number FROM backups WHERE state IN (1, 2) ORDER BY number DESC LIMIT 1";

  private static final String FIRST_BACKUP =
      "SELECT number FROM backups WHERE state IN (1, 2) ORDER BY number LIMIT 1";
  private static final String KEEP =
      """
      INSERT INTO kept_blobs (location, backend, last_backup) VALUES (?, ?, ?)
        ON CONFLICT (location, backend) DO UPDATE SET last_backup = excluded.last_backup
      """;
  private static final String KEPT =
      "SELECT 1 FROM kept_blobs WHERE location = ? AND backend IN (?, ?) LIMIT 1";
  private static final String UNNEEDED =
      "SELECT location, backend FROM kept_blobs WHERE last_backup < ?"
          + " ORDER BY last_backup, location, backend LIMIT ?";
  private static final String RELEASE = "DELETE FROM kept_blobs WHERE location = ? AND backend = ?";

  private final Sql sql;
  private final BlobRows blobs;

  KeptBlobs(Sql sql) {
    this.sql = sql;
    this.blobs = new BlobRows(sql);
  }

  /**
   * What became of some that were kept.
   *
   * @param released how many are not any more
   * @param condemned how many of these are to be deleted
   * @param more there are others that need not be kept
   */
  record Released(int released, int condemned, boolean more) {}

  private record Kept(String location, int backend) {}

  /** Keeps a blob that no asset needs any more, where there is a backup. False where not. */
  @CanIgnoreReturnValue
  boolean keepForBackups(int backend, String location, int formatLevel) {
    if (formatLevel < BackupSchema.LEVEL) {
      return false;
    }
    long last = sql.first(LAST_BACKUP, row -> row.integer(1)).orElse(0L);
    if (last > 0) {
      sql.updateOne(KEEP, location, backend, last);
    }
    return last > 0;
  }

  /** Whether it, or what may be the same file under another name of its backend, is kept. */
  boolean isKept(int backend, String location, int formatLevel) {
    return formatLevel >= BackupSchema.LEVEL
        && sql.first(KEPT, row -> true, location, backend, BlobRows.sibling(backend)).isPresent();
  }

  /**
   * Lets go of those that no backup can refer to any more. Condemned are those that nothing else
   * refers to; of the others, an asset or an upload takes care.
   */
  Released release(int limit, long clockMillis) {
    long first = sql.first(FIRST_BACKUP, row -> row.integer(1)).orElse(Long.MAX_VALUE);
    List<Kept> unneeded =
        sql.list(UNNEEDED, row -> new Kept(row.text(1), row.small(2)), first, limit + 1);
    boolean more = unneeded.size() > limit;
    List<Kept> some = more ? unneeded.subList(0, limit) : unneeded;
    int condemned = 0;
    for (Kept blob : some) {
      sql.updateOne(RELEASE, blob.location(), blob.backend());
      if (isFree(blob, clockMillis)) {
        blobs.condemn(blob.backend(), blob.location());
        condemned++;
      }
    }
    return new Released(some.size(), condemned, more);
  }

  private boolean isFree(Kept blob, long clockMillis) {
    return !blobs.needed(blob.backend(), blob.location(), clockMillis)
        && !blobs.condemned(blob.backend(), blob.location())
        && !isKept(blob.backend(), blob.location(), BackupSchema.LEVEL);
  }
}
