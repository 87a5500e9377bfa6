package dev.assetmanagerd.clustertests.chaos.planted;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import com.google.errorprone.annotations.Immutable;
import dev.assetmanagerd.clustertests.chaos.check.CheckNames;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/** Mistakes, each of which somebody has made in a system like this one. */
public enum PlantedBug {
  /** Applied entries are applied again after a crash. */
  APPLIED_INDEX_LAGS(
      "kill-one",
      ImmutableSet.of(
          CheckNames.LINEARIZABLE, CheckNames.KEYS, CheckNames.LOST_WRITES, CheckNames.REPLICAS),
      new Edit(
          "raft-statemachine/src/main/java/dev/assetmanagerd/registry/RegistryWriter.java",
          """
          sql.updateOne(
              PROGRESS, last.term(), last.index(), clock.millis(), clock.term(), clock.reading());
          sql.update("COMMIT");
      """,
          """
          sql.update("COMMIT");
          if (commits % 40 == 39) {
            sql.updateOne(
                PROGRESS, last.term(), last.index(), clock.millis(), clock.term(), clock.reading());
          }
      """)),
  /** Assets are deleted although somebody has taken a lease since they were looked at. */
  DELETE_WITHOUT_RECHECK(
      "transfer-storm",
      ImmutableSet.of(CheckNames.LINEARIZABLE, CheckNames.OBSERVED, CheckNames.BLOBS),
      new Edit(
          "raft-statemachine/src/main/java/dev/assetmanagerd/registry/DeletionCommands.java",
          "if (holding > 0 && !command.getEndLeases()) {",
          "if (holding > 1_000_000 && !command.getEndLeases()) {")),
  /** Leases end when a wall clock says so. */
  LEASES_BY_WALL_CLOCK(
      "clock-steps",
      ImmutableSet.of(CheckNames.LEASE_LIFE, CheckNames.STOPWATCH),
      new Edit(
          "raft-statemachine/src/main/java/dev/assetmanagerd/raft/RaftEngine.java",
          "new Stamper(System::currentTimeMillis, System::nanoTime,",
          "new Stamper(System::currentTimeMillis, () -> System.currentTimeMillis() * 1_000_000L,"),
      new Edit(
          "raft-statemachine/src/main/java/dev/assetmanagerd/raft/Stamper.java",
          "if (millis > ADVANCE_MILLIS_MAX) {",
          "if (millis < 0) { countedNanos = now; } else if (millis == Long.MAX_VALUE) {")),
  /** A leader answers reads without knowing whether it still leads. */
  READS_OF_DEPOSED_LEADER(
      "partition-leader",
      ImmutableSet.of(CheckNames.LINEARIZABLE, CheckNames.OBSERVED),
      new Edit(
          "raft-statemachine/src/main/java/dev/assetmanagerd/raft/LeaderReads.java",
          "return majority && raft.leading() && raft.term() == term ? index : -1;",
          "return (majority || raft.leading()) && raft.leading() ? index : -1;")),
  /** A follower answers reads before it has applied what the leader had committed. */
  READS_BEFORE_APPLIED(
      "transfer-storm",
      ImmutableSet.of(CheckNames.LINEARIZABLE, CheckNames.OBSERVED),
      new Edit(
          "raft-statemachine/src/main/java/dev/assetmanagerd/raft/RaftNode.java",
          "engine.barrier.readIndex(deadline).thenCompose(index -> awaitApplied(index, deadline));",
          "engine.barrier.readIndex(deadline).thenCompose(index -> awaitApplied(0, deadline));")),
  /** A call that is repeated takes effect again. */
  RETRIES_TAKE_EFFECT_AGAIN(
      "kill-one",
      ImmutableSet.of(CheckNames.KEYS, CheckNames.LINEARIZABLE),
      new Edit(
          "raft-statemachine/src/main/java/dev/assetmanagerd/registry/Applier.java",
          "    if (!command.hasIdempotency()) {\n",
          "    if (formatLevel > 0) {\n")),
  /** A blob gets its name before its bytes are on the disk. */
  BLOBS_NOT_SYNCED(
      "power-loss",
      ImmutableSet.of(CheckNames.BLOBS, CheckNames.BYTES),
      new Edit(
          "storage/src/main/java/dev/assetmanagerd/storage/blob/SteppedFile.java",
          "guard.stepAction(\"flush a file\", () -> channel.force(true));",
          "guard.stepAction(\"flush a file\", () -> {});"),
      new Edit(
          "storage/src/main/java/dev/assetmanagerd/storage/blob/SharedDirectoryBlobStore.java",
          "DurableFiles.syncFile(staged);",
          ""));

  /** One with which each of them is known to have been found. */
  public static final long SEED = 5;

  private final String scenario;
  private final ImmutableSet<String> seenBy;
  private final ImmutableList<Edit> edits;

  PlantedBug(String scenario, ImmutableSet<String> seenBy, Edit... edits) {
    this.scenario = scenario;
    this.seenBy = seenBy;
    this.edits = ImmutableList.copyOf(edits);
  }

  /** Its name on the command line. */
  public String id() {
    return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
  }

  /** The one of a name. */
  public static PlantedBug named(String id) {
    return Arrays.stream(values())
        .filter(bug -> bug.id().equals(id))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no planted bug is called " + id));
  }

  /** Name of the nemesis that brings it out. */
  public String scenario() {
    return scenario;
  }

  /** Names of the checks that are there to see it; one of them has to. */
  public Set<String> seenBy() {
    return seenBy;
  }

  /** Whether it was seen as what it is, by the names of the checks that found a promise broken. */
  public boolean isSeenIn(Collection<String> broken) {
    return broken.stream().anyMatch(seenBy::contains);
  }

  /** All of them together make the mistake. */
  List<Edit> edits() {
    return edits;
  }

  /**
   * One change of one source.
   *
   * @param file below the project's root
   * @param right what is there
   * @param wrong what is put in its place
   */
  @Immutable
  record Edit(String file, String right, String wrong) {
    /**
     * The source with the mistake.
     *
     * @throws IllegalStateException when the place of the mistake is not there exactly once
     */
    String plantedIn(String source) {
      String place = right.strip();
      int at = source.indexOf(place);
      if (at < 0 || source.indexOf(place, at + 1) >= 0) {
        throw new IllegalStateException(
            "not exactly once in " + file + ":\n" + place + "\nPlant the mistake anew.");
      }
      return source.substring(0, at) + wrong.strip() + source.substring(at + place.length());
    }
  }
}
