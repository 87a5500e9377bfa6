package dev.assetmanagerd.registry;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.Command.KindCase;
import dev.assetmanagerd.log.v1.LogEntry;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Applies entries to the registry. Depends on the entry and the tables and on nothing else.
 *
 * <p>Every command first checks everything and then writes, so a rejection leaves nothing to undo
 * and cannot spoil its neighbours in the transaction.
 */
final class Applier {
  /** The highest format level of an entry that this program can apply. */
  static final int FORMAT_LEVEL = 2;

  /** Level 1 moved the clock in another way; it was never released. */
  private static final int FORMAT_LEVEL_MIN = 2;

  private static final Set<KindCase> KNOWN =
      EnumSet.of(
          KindCase.REGISTER_ASSET,
          KindCase.ACQUIRE_ASSET,
          KindCase.RELEASE_ASSET,
          KindCase.MARK_DELETING,
          KindCase.PURGE_ASSETS,
          KindCase.EXPIRE_LEASES,
          KindCase.TOUCH_ASSETS,
          KindCase.RESERVE_BLOB,
          KindCase.CONDEMN_BLOBS,
          KindCase.FORGET_BLOBS,
          KindCase.NOTE_BLOBS,
          KindCase.REQUEST_BUILD,
          KindCase.ADVANCE_BUILD,
          KindCase.ACQUIRE_LEASES,
          KindCase.RENEW_LEASES,
          KindCase.RELEASE_LEASES,
          KindCase.OPEN_SESSION,
          KindCase.KEEP_SESSION,
          KindCase.ATTACH_LEASES,
          KindCase.CLOSE_SESSION,
          KindCase.OPEN_UPLOAD,
          KindCase.APPEND_UPLOAD,
          KindCase.CLOSE_UPLOAD);

  /** Rows that one entry forgets of each table at most. */
  private static final int PRUNED_MAX = 256;

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
  private final Replies replies;

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
    this.replies = new Replies(sql);
  }

  /**
   * Refuses an entry that cannot be applied with certainty, before anything is changed.
   *
   * @return the cluster clock once the entry has moved it
   * @throws RegistryException which must stop the node: a replica that skips an entry has diverged
   */
  static ClockState check(LogEntry entry, ClockState clock) {
    int level = entry.getFormatLevel();
    if (level < FORMAT_LEVEL_MIN || level > FORMAT_LEVEL) {
      throw new RegistryException(
          "the entry asks for format level %s, but this program knows %d to %d"
              .formatted(Integer.toUnsignedString(level), FORMAT_LEVEL_MIN, FORMAT_LEVEL));
    }
    for (Command command : entry.getCommandsList()) {
      if (!KNOWN.contains(command.getKindCase())) {
        throw new RegistryException(
            "the entry holds a command of no known kind, request " + command.getRequestId());
      }
    }
    return clock.after(entry);
  }

  /** Applies the commands of a checked entry, in order; one outcome each. */
  List<Outcome> apply(LogEntry entry, long clockMillis) {
    EntryTime time =
        new EntryTime(
            Math.floorDiv(entry.getWallTimeMillis(), 1000L), clockMillis, entry.getTerm());
    List<Outcome> outcomes = new ArrayList<>(entry.getCommandsCount());
    for (Command command : entry.getCommandsList()) {
      outcomes.add(apply(command, time));
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
      default -> throw new IllegalStateException("the entry was not checked");
    };
  }
}
