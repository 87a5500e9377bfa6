package dev.assetmanagerd.registry;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.log.v1.Backup;
import dev.assetmanagerd.log.v1.Backup.State;
import dev.assetmanagerd.log.v1.BeginBackup;
import dev.assetmanagerd.log.v1.CompleteBackup;
import dev.assetmanagerd.log.v1.ForgetBackup;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import dev.assetmanagerd.log.v1.TendBackups;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The catalogue of backups in plain maps, and what it is there for: {@link #check}. */
final class ModelBackups {
  private final Map<String, Backup.Builder> byId = new TreeMap<>();

  /** What assets had when a backup was begun, all of which it may refer to. */
  private final Map<String, Set<String>> referred = new HashMap<>();

  /** Blobs that are kept for backups of this number and lower ones, by location. */
  private final Map<String, Long> kept = new TreeMap<>();

  private final Model model;

  ModelBackups(Model model) {
    this.model = model;
  }

  /** Fails where a blob that a backup may refer to is to be deleted. */
  void check() {
    for (Backup.Builder backup : active()) {
      for (String location : referred.getOrDefault(backup.getId(), Set.of())) {
        if (model.assets.blobs.condemned.contains(location)) {
          throw new AssertionError(location + " is condemned, and " + backup.getId() + " needs it");
        }
      }
    }
  }

  private List<Backup.Builder> active() {
    return byId.values().stream()
        .filter(backup -> backup.getState() != State.STATE_FORGETTING)
        .sorted(Comparator.comparingLong(Backup.Builder::getNumber))
        .toList();
  }

  /** Keeps a blob that no asset needs any more, where there is a backup. */
  @CanIgnoreReturnValue
  boolean keep(String location) {
    List<Backup.Builder> active = active();
    if (active.isEmpty()) {
      return false;
    }
    kept.put(location, active.get(active.size() - 1).getNumber());
    return true;
  }

  boolean isKept(String location) {
    return kept.containsKey(location);
  }

  List<String> texts() {
    return byId.values().stream()
        .sorted(Comparator.comparingLong(Backup.Builder::getNumber))
        .map(backup -> Summaries.backup(backup.build()))
        .toList();
  }

  String begin(BeginBackup c) {
    if (c.getBackupId().isEmpty()) {
      return Model.no(Rule.RULE_INVALID, "backup_id");
    }
    if (c.getKeepMillis() < 0) {
      return Model.no(Rule.RULE_INVALID, "keep_millis");
    }
    if (c.getPendingMillis() < 1) {
      return Model.no(Rule.RULE_INVALID, "pending_millis");
    }
    Backup.Builder there = byId.get(c.getBackupId());
    if (there != null) {
      return there.getLocation().equals(c.getLocation())
          ? "begun " + Summaries.backup(there.build())
          : Model.no(Rule.RULE_INVALID, "backup_id");
    }
    long last = kept.values().stream().mapToLong(Long::longValue).max().orElse(0);
    for (Backup.Builder backup : byId.values()) {
      last = Math.max(last, backup.getNumber());
    }
    Backup.Builder begun =
        Backup.newBuilder()
            .setId(c.getBackupId())
            .setState(State.STATE_PENDING)
            .setNumber(last + 1)
            .setLineage(c.getLineage())
            .setLocation(c.getLocation())
            .setKeepMillis(c.getKeepMillis())
            .setExpiresAtMillis(model.after(c.getPendingMillis()))
            .setBegunAt(model.wall);
    byId.put(c.getBackupId(), begun);
    referred.put(
        c.getBackupId(),
        model.assets.byId.values().stream()
            .filter(asset -> asset.getStatus() != AssetStatus.ASSET_STATUS_DELETING)
            .map(Asset.Builder::getLocation)
            .collect(Collectors.toSet()));
    return "begun " + Summaries.backup(begun.build());
  }

  String complete(CompleteBackup c) {
    Backup.Builder backup = byId.get(c.getBackupId());
    if (backup == null || backup.getState() == State.STATE_FORGETTING) {
      return Model.no(Rule.RULE_BACKUP_NOT_FOUND, "backup_id");
    }
    if (c.getSizeBytes() < 0) {
      return Model.no(Rule.RULE_INVALID, "size_bytes");
    }
    if (backup.getState() == State.STATE_PENDING) {
      boolean handedOut = backup.getLocation().isEmpty();
      backup
          .setState(State.STATE_COMPLETE)
          .setExpiresAtMillis(handedOut ? model.after(backup.getKeepMillis()) : 0)
          .setCompletedAt(model.wall)
          .setLogIndex(c.getLogIndex())
          .setSizeBytes(c.getSizeBytes());
      if (handedOut && backup.getKeepMillis() == 0) {
        byId.remove(backup.getId());
      }
    }
    return "completed " + Summaries.backup(backup.build());
  }

  String forget(ForgetBackup c) {
    Backup.Builder backup = byId.get(c.getBackupId());
    if (backup == null) {
      return Model.no(Rule.RULE_BACKUP_NOT_FOUND, "backup_id");
    }
    if (c.getFileGone() || backup.getLocation().isEmpty()) {
      byId.remove(c.getBackupId());
      return "forgotten";
    }
    backup.setState(State.STATE_FORGETTING).setExpiresAtMillis(0);
    return "forgetting " + Summaries.backup(backup.build());
  }

  String tend(TendBackups c) {
    if (c.getLimit() < 1 || c.getLimit() > 10_000) {
      return Model.no(Rule.RULE_INVALID, "limit");
    }
    List<Backup.Builder> due =
        active().stream()
            .filter(backup -> backup.getState() == State.STATE_PENDING || expires(backup))
            .filter(backup -> backup.getExpiresAtMillis() <= model.clock)
            .toList();
    List<String> ended = new ArrayList<>();
    for (Backup.Builder backup : due.subList(0, Math.min(due.size(), c.getLimit()))) {
      ended.add(backup.getId());
      if (backup.getLocation().isEmpty() || !backup.getLineage().equals(c.getLineage())) {
        byId.remove(backup.getId());
      } else {
        backup.setState(State.STATE_FORGETTING).setExpiresAtMillis(0);
      }
    }
    return "tended " + ended + release(c.getLimit(), due.size() > c.getLimit());
  }

  /** A complete one that the cluster looks after has no end. */
  private static boolean expires(Backup.Builder backup) {
    return backup.getLocation().isEmpty();
  }

  private String release(int limit, boolean moreDue) {
    long first =
        active().stream().mapToLong(Backup.Builder::getNumber).min().orElse(Long.MAX_VALUE);
    List<String> unneeded =
        kept.entrySet().stream()
            .filter(entry -> entry.getValue() < first)
            .sorted(
                Map.Entry.<String, Long>comparingByValue()
                    .thenComparing(Map.Entry.comparingByKey()))
            .map(Map.Entry::getKey)
            .toList();
    List<String> some = unneeded.subList(0, Math.min(limit, unneeded.size()));
    int condemned = 0;
    for (String location : some) {
      kept.remove(location);
      if (!model.assets.blobs.condemned.contains(location)
          && model.assets.blobs.condemnUnlessUsed(location)) {
        condemned++;
      }
    }
    return " released "
        + some.size()
        + " condemned "
        + condemned
        + Summaries.more(moreDue || unneeded.size() > limit);
  }
}
