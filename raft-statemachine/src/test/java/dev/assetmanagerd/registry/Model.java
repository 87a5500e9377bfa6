package dev.assetmanagerd.registry;

import com.google.protobuf.ByteString;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.LogEntry;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The rules of the registry once more, in plain maps: what the outcome of each command must be, and
 * what must be there afterwards. Written from what is promised, without the tables in mind.
 */
final class Model {
  private static final long HOUR = 3_600_000;

  final ModelAssets assets = new ModelAssets(this);
  final ModelLeases leases = new ModelLeases(this);
  final ModelBuilds builds = new ModelBuilds(this);
  final ModelUploads uploads = new ModelUploads(this);
  final ModelBackups backups = new ModelBackups(this);
  private final ModelImports imports = new ModelImports(this);

  /** The cluster clock. */
  long clock;

  /** Wall time of the entry, seconds. */
  long wall;

  private long term;
  private long reading;
  private final Map<String, Reply> replies = new HashMap<>();
  private final Set<String> notedMembers = new TreeSet<>();

  private record Reply(ByteString fingerprint, String summary, long at) {}

  /** One summary for each command. */
  List<String> apply(LogEntry entry) {
    long before = clock;
    long entryReading = entry.getClockReadingMillis();
    if (entry.getTerm() > term) {
      term = entry.getTerm();
      reading = entryReading;
    } else if (entry.getTerm() == term && entryReading > reading) {
      clock += entryReading - reading;
      reading = entryReading;
    }
    wall = entry.getWallTimeMillis() / 1000;
    List<String> summaries = new ArrayList<>();
    for (Command command : entry.getCommandsList()) {
      summaries.add(once(command, entry.getTerm()));
      backups.check();
    }
    if (clock > before) {
      uploads.sweep();
    }
    return summaries;
  }

  private String once(Command command, long entryTerm) {
    if (!command.hasIdempotency()) {
      return decide(command, entryTerm);
    }
    String key = command.getIdempotency().getKey();
    if (key.isEmpty()) {
      return no(Rule.RULE_INVALID, "idempotency.key");
    }
    if (command.getIdempotency().getFingerprint().size() != 32) {
      return no(Rule.RULE_INVALID, "idempotency.fingerprint");
    }
    ByteString print = command.getIdempotency().getFingerprint();
    Reply reply = replies.get(key);
    if (reply != null && clock - reply.at() < HOUR) {
      return reply.fingerprint().equals(print)
          ? "again: " + reply.summary()
          : no(Rule.RULE_KEY_REUSED, "idempotency.key");
    }
    String summary = decide(command, entryTerm);
    if (!summary.startsWith("no: ")) {
      replies.put(key, new Reply(print, summary, clock));
    }
    return summary;
  }

  private String decide(Command command, long entryTerm) {
    if (command.getOnlyInTerm() != 0 && command.getOnlyInTerm() != entryTerm) {
      return no(Rule.RULE_TERM_ENDED, "only_in_term");
    }
    return switch (command.getKindCase()) {
      case REGISTER_ASSET -> assets.register(command.getRegisterAsset());
      case TOUCH_ASSETS -> assets.touch(command.getTouchAssets());
      case MARK_DELETING -> assets.mark(command.getMarkDeleting());
      case PURGE_ASSETS -> assets.purge(command.getPurgeAssets());
      case NOTE_BLOBS -> assets.note(command.getNoteBlobs());
      case RESERVE_BLOB -> assets.blobs.reserve(command.getReserveBlob());
      case CONDEMN_BLOBS -> assets.blobs.condemn(command.getCondemnBlobs());
      case FORGET_BLOBS -> assets.blobs.forget(command.getForgetBlobs());
      case REQUEST_BUILD -> builds.request(command.getRequestBuild());
      case ADVANCE_BUILD -> builds.advance(command.getAdvanceBuild());
      case OPEN_UPLOAD -> uploads.open(command.getOpenUpload());
      case APPEND_UPLOAD -> uploads.append(command.getAppendUpload());
      case CLOSE_UPLOAD -> uploads.close(command.getCloseUpload());
      case IMPORT_ASSETS -> imports.assets(command.getImportAssets());
      case IMPORT_LEASES -> imports.leases(command.getImportLeases());
      case CHECK_REPLICAS -> "checked";
      case NOTE_MEMBER -> note(command.getNoteMember().getNodeId());
      case BEGIN_BACKUP -> backups.begin(command.getBeginBackup());
      case COMPLETE_BACKUP -> backups.complete(command.getCompleteBackup());
      case FORGET_BACKUP -> backups.forget(command.getForgetBackup());
      case TEND_BACKUPS -> backups.tend(command.getTendBackups());
      case RAISE_FORMAT_LEVEL -> raise(command.getRaiseFormatLevel().getLevel());
      default -> leases.decide(command);
    };
  }

  private String note(String node) {
    return node.isEmpty()
        ? no(Rule.RULE_INVALID, "node_id")
        : "member noted " + notedMembers.add(node);
  }

  /** Histories begin at the highest level. */
  private static String raise(int level) {
    return level < FormatLevels.HIGHEST
        ? no(Rule.RULE_FORMAT_LEVEL, "level")
        : "raised from " + level + " to " + level;
  }

  /** Time does not go beyond its end. */
  long after(long millis) {
    return millis > Long.MAX_VALUE - clock ? Long.MAX_VALUE : clock + millis;
  }

  static String no(Rule rule, String field) {
    return "no: " + rule + " " + field;
  }
}
