package dev.assetmanagerd.build;

import dev.assetmanagerd.log.v1.Build;
import org.jspecify.annotations.Nullable;

/**
 * What the coordinator remembers of one build while it leads, beyond the row: nothing that the next
 * leader needs. Belongs to the coordinator's thread.
 */
final class Work {
  /** In which this node leads. */
  final long term;

  /** A call or a proposal is under way; until it is done nothing else is. */
  boolean busy;

  /** Nothing is done before, {@code System.nanoTime} of the coordinator's clock. */
  long pausedUntilNanos;

  /** When the failure was proposed last; it is not repeated at once. Null before. */
  @Nullable Long failingSinceNanos;

  /** The attempt that this leader itself has begun, and not yet asked builderd for. */
  int begunAttempt = -1;

  /** How often builderd was asked for the attempt without saying whether it took it. */
  int unanswered;

  /** What builderd answered for the attempt, where that could not be recorded yet. */
  @Nullable String answeredBuildId;

  /** How often the build was given back to be tried again. */
  int retries;

  /** How often in a row builderd said that it does not know the build. */
  int notFound;

  /** How often in a row builderd did not say how far the build is. */
  int pollFailures;

  /** When builderd was first heard to be done; null before. */
  @Nullable Long doneSinceNanos;

  /** When progress was last recorded. */
  long progressNanos;

  /** What went wrong last, for a person who asks why it took so long; may be empty. */
  String lastProblem = "";

  private int attempt = -1;
  private Build.State state = Build.State.STATE_UNSPECIFIED;

  Work(long term, long nowNanos) {
    this.term = term;
    this.pausedUntilNanos = nowNanos;
    this.progressNanos = nowNanos;
  }

  /** Whether the build is in another state, or another attempt, than when last looked at. */
  boolean entered(Build build) {
    boolean changed = build.getAttempt() != attempt || build.getState() != state;
    attempt = build.getAttempt();
    state = build.getState();
    return changed;
  }
}
