package dev.assetmanagerd.backup;

import dev.assetmanagerd.log.v1.Backup;
import dev.assetmanagerd.log.v1.Backup.State;
import dev.assetmanagerd.log.v1.BackupsTended;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets go of backups: of those beyond the number to keep, of those whose time is over, of what
 * others have begun and not finished; and so of the blobs that were kept for them. Goes by the
 * catalogue alone, whether or not a place is configured.
 *
 * <p>A backup whose file is to be deleted is FORGETTING first and unknown last; so one that is
 * known as complete has its file, unless somebody else has taken it away, which is looked for.
 *
 * <p>Backups that were made before the cluster was restored count among those to keep; their files
 * are not deleted, for the old cluster, or another that was restored from it, may still look after
 * them.
 *
 * <p>For one thread at a time, but for {@link #deleteAndForget} and the questions.
 */
final class BackupRetention {
  private static final Logger log = LoggerFactory.getLogger(BackupRetention.class);

  private final int keep;
  private final Optional<BackupPlace> place;
  private final BackupRegistry registry;
  private final BackupMaker maker;
  private final BackupCounters counters;

  BackupRetention(
      int keep,
      Optional<BackupPlace> place,
      BackupRegistry registry,
      BackupMaker maker,
      BackupCounters counters) {
    this.keep = keep;
    this.place = place;
    this.registry = registry;
    this.maker = maker;
    this.counters = counters;
  }

  /**
   * One look at everything. What the registry is told comes before what the place is asked, which
   * may not answer.
   *
   * @param leads whether this node leads in that term
   */
  void look(long term, BooleanSupplier leads) {
    if (!leads.getAsBoolean() || !registry.anythingToTend()) {
      counters.missing(0);
      return;
    }
    giveUpInterrupted(leads);
    prune(leads);
    tend(term, leads);
    finishForgetting(leads);
    lookForFiles();
  }

  private void tend(long term, BooleanSupplier leads) {
    boolean more = true;
    while (more && leads.getAsBoolean()) {
      BackupsTended tended = registry.tend(term);
      tended.getBackupIdsList().forEach(id -> log.info("backup {} has run out of its time", id));
      if (tended.getReleasedBlobs() > 0) {
        log.info(
            "{} blobs are not kept for backups any more, {} of them are deleted",
            tended.getReleasedBlobs(),
            tended.getCondemnedBlobs());
      }
      more = tended.getMore();
    }
  }

  /** Nobody but the leader makes backups in the place, and this one makes none. */
  private void giveUpInterrupted(BooleanSupplier leads) {
    for (Backup backup : registry.known()) {
      boolean interrupted =
          isOurs(backup)
              && !backup.getLocation().isEmpty()
              && isPending(backup)
              && !maker.isMaking()
              && registry.known().stream()
                  .filter(now -> now.getId().equals(backup.getId()))
                  .anyMatch(BackupRetention::isPending); // it may just have been completed
      if (interrupted && leads.getAsBoolean()) {
        log.warn("backup {} was interrupted, and is given up", backup.getId());
        registry.forget(backup.getId(), false);
      }
    }
  }

  private static boolean isPending(Backup backup) {
    return backup.getState() == State.STATE_PENDING;
  }

  private void prune(BooleanSupplier leads) {
    List<Backup> complete =
        registry.known().stream()
            .filter(backup -> backup.getState() == State.STATE_COMPLETE)
            .filter(backup -> !backup.getLocation().isEmpty())
            .toList();
    for (int i = 0; i < complete.size() - keep && leads.getAsBoolean(); i++) {
      Backup backup = complete.get(i);
      if (!isOurs(backup)) {
        registry.forget(backup.getId(), true);
        log.info(
            "backup {}, made before the cluster was restored, is forgotten; its file stays {}",
            backup.getId(),
            backup.getLocation());
      } else if (place.isPresent()) {
        registry.forget(backup.getId(), false);
      }
    }
  }

  private void finishForgetting(BooleanSupplier leads) {
    for (Backup backup : registry.known()) {
      boolean answered =
          backup.getState() != State.STATE_FORGETTING
              || !leads.getAsBoolean()
              || deleteAndForget(backup);
      if (!answered) {
        return;
      }
    }
  }

  /**
   * Deletes the file of one that is FORGETTING, where it is ours to delete. One that cannot be
   * deleted now stays FORGETTING, and keeps no blobs.
   *
   * @return false when the place does not answer, and there is no use in asking it for more
   */
  boolean deleteAndForget(Backup backup) {
    if (isOurs(backup) && !backup.getLocation().isEmpty()) {
      if (place.isEmpty()) {
        log.warn(
            "the file {} of backup {} has to be deleted, and no place for backups is configured",
            backup.getLocation(),
            backup.getId());
        return true;
      }
      try {
        place.get().delete(backup.getLocation());
      } catch (IOException e) {
        log.warn("cannot delete {}; trying again: {}", backup.getLocation(), e.toString());
        return !(e instanceof BlobStoreUnavailableException);
      }
    }
    registry.forget(backup.getId(), true);
    log.info("backup {} is forgotten", backup.getId());
    return true;
  }

  private void lookForFiles() {
    if (place.isEmpty()) {
      return;
    }
    long missing = 0;
    for (Backup backup : complete()) {
      try {
        OptionalLong size = place.get().size(backup.getLocation());
        if (size.isEmpty() || size.getAsLong() != backup.getSizeBytes()) {
          missing++;
          log.error(
              "BACKUP {} IS NOT THERE: {} has {} bytes, not {}",
              backup.getId(),
              backup.getLocation(),
              size.isEmpty() ? "no" : size.getAsLong(),
              backup.getSizeBytes());
        }
      } catch (BlobStoreUnavailableException e) {
        log.warn("cannot look for {} and others: {}", backup.getLocation(), e.toString());
        return; // what was known of them stays known
      } catch (IOException e) {
        log.warn("cannot look for {}: {}", backup.getLocation(), e.toString());
      }
    }
    counters.missing(missing);
  }

  /** Those of this life of the cluster, the earliest first. */
  List<Backup> complete() {
    return registry.known().stream()
        .filter(backup -> backup.getState() == State.STATE_COMPLETE)
        .filter(backup -> !backup.getLocation().isEmpty())
        .filter(this::isOurs)
        .toList();
  }

  boolean isOurs(Backup backup) {
    return backup.getLineage().equals(registry.lineage());
  }
}
