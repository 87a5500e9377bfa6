package dev.assetmanagerd.registry;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.FormatLevelRaised;
import dev.assetmanagerd.log.v1.LogEntry;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection;
import dev.assetmanagerd.log.v1.ReplicasChecked;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Applies entries to the registry. Depends on the entry and the tables and on nothing else.
 *
 * <p>Every command first checks everything and then writes, so a rejection leaves nothing to undo
 * and cannot spoil its neighbours in the transaction.
 */
final class Applier {
  /** Rows that one entry forgets of each table at most. */
  private static final int PRUNED_MAX = 256;

  private static final Outcome CHECKED =
      Outcome.newBuilder().setReplicasChecked(ReplicasChecked.getDefaultInstance()).build();

  private final AssetCommands assets;
  private final LeaseBook leaseBook;
  private final LeaseCommands leases;
  private final ReleaseCommands releases;
  private final SessionCommands sessions;
  private final DeletionCommands deletion;
  private final BlobCommands blobs;
  private final BuildCommands builds;
  private final BuildSteps buildSteps;
  private final UploadCommands uploads;
  private final ImportCommands imports;
  private final BackupCommands backups;
  private final MemberNotes members;
  private final Replies replies;
  private final Migrations migrations;
  private int formatLevel;

  Applier(Sql sql) {
    this.builds = new BuildCommands(sql);
    this.buildSteps = new BuildSteps(sql);
    this.blobs = new BlobCommands(sql);
    this.uploads = new UploadCommands(sql);
    this.assets = new AssetCommands(sql, builds, uploads);
    this.leaseBook = new LeaseBook(sql);
    this.leases = new LeaseCommands(sql, leaseBook);
    this.releases = new ReleaseCommands(sql, leaseBook);
    this.sessions = new SessionCommands(sql, leaseBook);
    this.deletion = new DeletionCommands(sql);
    this.imports = new ImportCommands(sql, assets, leaseBook);
    this.backups = new BackupCommands(sql);
    this.members = new MemberNotes(sql);
    this.replies = new Replies(sql);
    this.migrations = new Migrations(sql);
    reload();
  }

  /** Reads the registry's level again: a transaction that raised it may have been rolled back. */
  void reload() {
    formatLevel = migrations.level();
  }

  /** The format level of the registry after what was applied so far. */
  int formatLevel() {
    return formatLevel;
  }

  /**
   * Refuses an entry that cannot be applied with certainty, before anything is changed.
   *
   * @return the cluster clock once the entry has moved it
   * @throws RegistryException which must stop the node: a replica that skips an entry has diverged
   */
  static ClockState check(LogEntry entry, ClockState clock) {
    int level = entry.getFormatLevel();
    if (level < FormatLevels.BASE || level > FormatLevels.HIGHEST) {
      throw new RegistryException(
          "the entry asks for format level %s, but this program knows %d to %d"
              .formatted(Integer.toUnsignedString(level), FormatLevels.BASE, FormatLevels.HIGHEST));
    }
    for (Command command : entry.getCommandsList()) {
      if (!FormatLevels.isKnown(command)) {
        throw new RegistryException(
            "the entry holds a command of no known kind, request " + command.getRequestId());
      }
      if (FormatLevels.neededBy(command) > level) {
        throw new RegistryException(
            "an entry of format level %d holds a command that needs %d, request %s"
                .formatted(level, FormatLevels.neededBy(command), command.getRequestId()));
      }
    }
    Optional<String> unknown = UnknownFields.in(entry);
    if (unknown.isPresent()) {
      throw new RegistryException(
          "the entry holds what this program does not know: " + unknown.get());
    }
    return clock.after(entry);
  }

  /** Applies the commands of a checked entry, in order; one outcome each. */
  List<Outcome> apply(LogEntry entry, long clockMillis) {
    long wallSeconds = Math.floorDiv(entry.getWallTimeMillis(), 1000L);
    List<Outcome> outcomes = new ArrayList<>(entry.getCommandsCount());
    for (Command command : entry.getCommandsList()) {
      // Each: the one before may have raised the level.
      outcomes.add(
          apply(command, new EntryTime(wallSeconds, clockMillis, entry.getTerm(), formatLevel)));
    }
    return outcomes;
  }

  /** Forgets a little of what is kept for a time only. To be called when the clock has moved. */
  void prune(long clockMillis) {
    replies.prune(clockMillis, PRUNED_MAX);
    leaseBook.prune(clockMillis, PRUNED_MAX);
    uploads.prune(clockMillis);
  }

  private Outcome apply(Command command, EntryTime time) {
    if (!command.hasIdempotency()) {
      return decide(command, time);
    }
    Outcome instead = replies.instead(command.getIdempotency(), time.clockMillis());
    if (instead != null) {
      return instead;
    }
    Outcome outcome = decide(command, time);
    replies.record(command.getIdempotency(), outcome, time);
    return outcome;
  }

  private Outcome decide(Command command, EntryTime time) {
    if (command.getOnlyInTerm() != 0 && command.getOnlyInTerm() != time.term()) {
      return Outcomes.rejected(
          Rejection.Rule.RULE_TERM_ENDED,
          "only_in_term",
          "the term %d is over, this is term %d".formatted(command.getOnlyInTerm(), time.term()));
    }
    Optional<Outcome> tooHigh = FormatLevels.tooHigh(command, time.formatLevel());
    if (tooHigh.isPresent()) {
      return tooHigh.get();
    }
    return switch (command.getKindCase()) {
      case REGISTER_ASSET -> assets.register(command.getRegisterAsset(), time);
      case ACQUIRE_ASSET -> leases.acquire(command.getAcquireAsset(), time);
      case RELEASE_ASSET -> releases.release(command.getReleaseAsset(), time);
      case MARK_DELETING -> deletion.mark(command.getMarkDeleting(), time);
      case PURGE_ASSETS -> deletion.purge(command.getPurgeAssets(), time);
      case EXPIRE_LEASES -> releases.expire(command.getExpireLeases(), time);
      case TOUCH_ASSETS -> assets.touch(command.getTouchAssets(), time);
      case ACQUIRE_LEASES -> leases.acquire(command.getAcquireLeases(), time);
      case RENEW_LEASES -> leases.renew(command.getRenewLeases(), time);
      case RELEASE_LEASES -> releases.release(command.getReleaseLeases(), time);
      case OPEN_SESSION -> sessions.open(command.getOpenSession(), time);
      case KEEP_SESSION -> sessions.keep(command.getKeepSession(), time);
      case ATTACH_LEASES -> sessions.attach(command.getAttachLeases(), time);
      case CLOSE_SESSION -> sessions.close(command.getCloseSession(), time);
      case RESERVE_BLOB -> blobs.reserve(command.getReserveBlob(), time);
      case CONDEMN_BLOBS -> blobs.condemn(command.getCondemnBlobs(), time);
      case FORGET_BLOBS -> blobs.forget(command.getForgetBlobs(), time);
      case NOTE_BLOBS -> blobs.note(command.getNoteBlobs());
      case REQUEST_BUILD -> builds.request(command.getRequestBuild(), time);
      case OPEN_UPLOAD -> uploads.open(command.getOpenUpload(), time);
      case APPEND_UPLOAD -> uploads.append(command.getAppendUpload(), time);
      case CLOSE_UPLOAD -> uploads.close(command.getCloseUpload(), time);
      case ADVANCE_BUILD -> buildSteps.advance(command.getAdvanceBuild(), time);
      case IMPORT_ASSETS -> imports.importAssets(command.getImportAssets(), time);
      case IMPORT_LEASES -> imports.importLeases(command.getImportLeases(), time);
      case BEGIN_BACKUP -> backups.begin(command.getBeginBackup(), time);
      case COMPLETE_BACKUP -> backups.complete(command.getCompleteBackup(), time);
      case FORGET_BACKUP -> backups.forget(command.getForgetBackup());
      case TEND_BACKUPS -> backups.tend(command.getTendBackups(), time);
      case NOTE_MEMBER -> members.note(command.getNoteMember());
      case RAISE_FORMAT_LEVEL -> raise(command.getRaiseFormatLevel().getLevel());
      case CHECK_REPLICAS -> CHECKED;
      default -> throw new IllegalStateException("the entry was not checked");
    };
  }

  private Outcome raise(int level) {
    int from = formatLevel;
    if (level < from) {
      return Outcomes.rejected(
          Rejection.Rule.RULE_FORMAT_LEVEL,
          "level",
          "the registry is at format level %d, which cannot be lowered to %d"
              .formatted(from, level));
    }
    migrations.raise(from, level);
    formatLevel = level;
    return Outcome.newBuilder()
        .setFormatLevelRaised(
            FormatLevelRaised.newBuilder().setFromLevel(from).setLevel(level).build())
        .build();
  }
}
