package dev.assetmanagerd.clustertests.chaos.history;

import java.util.List;
import java.util.Optional;

/**
 * One call of one client, with all of its attempts.
 *
 * @param process the thread of control it belongs to, which has one call at a time
 * @param sequence its number, unique in the history
 * @param kind what it asks for
 * @param assets that it is about, as far as the client knew when it called; of a list, those that
 *     must be in it if they are there
 * @param input what else it said
 * @param key its idempotency key; empty without one
 * @param outcome how it ended
 * @param invokeNanos when it began, since the run began
 * @param returnNanos when it ended, since the run began
 * @param nodes that were asked, one for each attempt, in order
 * @param doubtful how many attempts before the last may have taken effect, too, each by itself
 */
public record Call(
    int process,
    long sequence,
    Kind kind,
    List<String> assets,
    Input input,
    String key,
    Outcome outcome,
    long invokeNanos,
    long returnNanos,
    List<String> nodes,
    int doubtful)
    implements HistoryEvent {
  /** Copies the lists. */
  public Call {
    assets = List.copyOf(assets);
    nodes = List.copyOf(nodes);
    if (returnNanos < invokeNanos) {
      throw new IllegalArgumentException(
          "call %d returns at %d before it is invoked at %d"
              .formatted(sequence, returnNanos, invokeNanos));
    }
  }

  @Override
  public long endNanos() {
    return returnNanos;
  }

  /** Whether it was done. */
  public boolean isOk() {
    return outcome instanceof Outcome.Ok;
  }

  /** Whether nobody can tell if it was done. */
  public boolean isUnknown() {
    return outcome instanceof Outcome.Unknown;
  }

  /** Whether it was refused with a code. */
  public boolean failedWith(String code) {
    return outcome instanceof Outcome.Fail fail && fail.code().equals(code);
  }

  /** The answer, of a call that was done. */
  public Optional<Value> value() {
    return outcome instanceof Outcome.Ok ok ? Optional.of(ok.value()) : Optional.empty();
  }

  /** For a person, on one line. */
  public String inWords() {
    StringBuilder words = new StringBuilder("#%d process %d %s".formatted(sequence, process, kind));
    words.append(assets.isEmpty() ? "" : " " + shortened(assets));
    words.append(input.leases().isEmpty() ? "" : " leases " + shortened(input.leases()));
    words.append(input.ttlMillis() == 0 ? "" : " for " + input.ttlMillis() + " ms");
    words.append(input.session().isEmpty() ? "" : " session " + input.session());
    words.append(input.force() ? " by force" : "");
    words.append(input.relaxed() ? " relaxed" : "");
    words.append(key.isEmpty() ? "" : " key " + key);
    words.append(" at ").append(nodes).append(" -> ").append(ending());
    return words
        .append(" [%.3f s, %.3f s]".formatted(invokeNanos / 1e9, returnNanos / 1e9))
        .toString();
  }

  private String ending() {
    if (outcome instanceof Outcome.Ok ok) {
      Value value = ok.value();
      StringBuilder words = new StringBuilder("ok");
      words.append(kind == Kind.DELETE ? value.deleted() ? " deleted" : " still leased" : "");
      for (Seen seen : value.seen().subList(0, Math.min(3, value.seen().size()))) {
        words.append(" ").append(seen.asset()).append(" ").append(seen.status());
        if (seen.references() != Seen.NOT_SAID) {
          words.append(" ").append(seen.references()).append(" references");
        }
      }
      words.append(value.leases().isEmpty() ? "" : " leases " + value.leases().values());
      words.append(value.notFound().isEmpty() ? "" : " not found " + value.notFound());
      return words.toString();
    }
    return outcome instanceof Outcome.Fail fail
        ? "fail " + fail.code()
        : "unknown " + ((Outcome.Unknown) outcome).code();
  }

  private static String shortened(List<String> names) {
    return names.size() <= 4
        ? String.join(",", names)
        : String.join(",", names.subList(0, 4)) + ",… (" + names.size() + ")";
  }
}
