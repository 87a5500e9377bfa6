package dev.assetmanagerd.registry;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.Command.KindCase;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The format levels that this program knows, and which of them each kind of command needs.
 *
 * <p>A registry is at one level. It begins at {@link #BASE} and is raised by a command, so that all
 * replicas change their schema, and the rules by which they apply, at the same position of the log.
 * Every program that knows a level does the same at it; what a program does beyond, it does only in
 * registries that are at a higher one. Thread-safe.
 */
public final class FormatLevels {
  /** What a new registry begins at. Level 1 moved the clock in another way; never released. */
  public static final int BASE = 2;

  /** The highest level that this program knows. */
  public static final int HIGHEST = 3;

  private static final Map<KindCase, Integer> NEEDED = needed();

  private FormatLevels() {}

  private static Map<KindCase, Integer> needed() {
    Map<KindCase, Integer> needed = new EnumMap<>(KindCase.class);
    for (KindCase kind : KindCase.values()) {
      switch (kind) {
        case REGISTER_ASSET,
            ACQUIRE_ASSET,
            RELEASE_ASSET,
            MARK_DELETING,
            PURGE_ASSETS,
            EXPIRE_LEASES,
            TOUCH_ASSETS,
            ACQUIRE_LEASES,
            RENEW_LEASES,
            RELEASE_LEASES,
            OPEN_SESSION,
            KEEP_SESSION,
            ATTACH_LEASES,
            CLOSE_SESSION,
            RESERVE_BLOB,
            CONDEMN_BLOBS,
            FORGET_BLOBS,
            NOTE_BLOBS,
            REQUEST_BUILD,
            ADVANCE_BUILD,
            OPEN_UPLOAD,
            APPEND_UPLOAD,
            CLOSE_UPLOAD ->
            needed.put(kind, BASE);
        case RAISE_FORMAT_LEVEL,
            IMPORT_ASSETS,
            IMPORT_LEASES,
            BEGIN_BACKUP,
            COMPLETE_BACKUP,
            FORGET_BACKUP,
            TEND_BACKUPS,
            NOTE_MEMBER,
            CHECK_REPLICAS ->
            needed.put(kind, 3);
        case KIND_NOT_SET -> {
          // nor is a kind that only a newer program knows
        }
      }
    }
    return needed;
  }

  /** Whether this program knows the kind of a command. */
  static boolean isKnown(Command command) {
    return NEEDED.containsKey(command.getKindCase());
  }

  /**
   * The level that an entry with this command has to be of; {@link #BASE} for a kind that this
   * program does not know.
   */
  public static int neededBy(Command command) {
    int kind = NEEDED.getOrDefault(command.getKindCase(), BASE);
    return command.hasRaiseFormatLevel()
        ? Math.max(kind, command.getRaiseFormatLevel().getLevel())
        : kind;
  }

  /** The lowest level that an entry with these commands can be of. */
  public static int neededBy(List<Command> commands) {
    int level = BASE;
    for (Command command : commands) {
      level = Math.max(level, neededBy(command));
    }
    return level;
  }

  /**
   * Why a command must not get into the log of a registry that is at {@code level}: it would be
   * rejected when applied, or this node would have to stop there. Empty where it may.
   */
  public static Optional<Outcome> refusal(Command command, int level) {
    if (!isKnown(command)) {
      return Optional.of(
          Outcomes.rejected(
              Rule.RULE_FORMAT_LEVEL,
              "",
              "the leader runs an older program, which does not know this kind of command"));
    }
    Optional<String> unknown = UnknownFields.in(command);
    if (unknown.isPresent()) {
      return Optional.of(
          Outcomes.rejected(
              Rule.RULE_FORMAT_LEVEL,
              unknown.get(),
              "the leader runs an older program, which does not know this field"));
    }
    if (neededBy(command) > HIGHEST) {
      return Optional.of(
          Outcomes.rejected(
              Rule.RULE_FORMAT_LEVEL,
              "level",
              "the leader's program knows format levels %d to %d, not %d"
                  .formatted(BASE, HIGHEST, neededBy(command))));
    }
    return tooHigh(command, level);
  }

  /** The rejection of a command that needs a higher level than the registry is at. */
  static Optional<Outcome> tooHigh(Command command, int level) {
    int needed = neededBy(command);
    if (needed <= level || command.hasRaiseFormatLevel()) {
      return Optional.empty();
    }
    return Optional.of(
        Outcomes.rejected(
            Rule.RULE_FORMAT_LEVEL,
            "",
            ("this needs format level %d, and the cluster is at level %d; when all nodes run a"
                    + " program that knows level %d, run `cluster upgrade`")
                .formatted(needed, level, needed)));
  }
}
