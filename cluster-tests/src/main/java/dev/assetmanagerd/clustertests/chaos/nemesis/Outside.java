package dev.assetmanagerd.clustertests.chaos.nemesis;

import dev.assetmanagerd.clustertests.Node;
import dev.assetmanagerd.clustertests.builderd.v1.Behaviour;
import dev.assetmanagerd.clustertests.builderd.v1.Behaviour.Creating;
import dev.assetmanagerd.clustertests.builderd.v1.Behaviour.Result;
import dev.assetmanagerd.s3server.Fault;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/** What the cluster relies on outside of it: the object store and the builder. */
final class Outside {
  private static final Duration LEAST = Duration.ofSeconds(1);
  private static final Duration MOST = Duration.ofSeconds(6);
  private static final int MIDDLE = 2_000;
  private static final Map<String, Fault> FAULTS =
      new TreeMap<>(
          Map.of(
              "500", new Fault.Status(500),
              "503", new Fault.Status(503),
              "reset", new Fault.ResetResponse(MIDDLE),
              "reset-request", new Fault.ResetRequest(MIDDLE),
              "truncated", new Fault.TruncateResponse(MIDDLE),
              "flipped", new Fault.FlipResponse(MIDDLE),
              "lost-answers", new Fault.LostAnswer(),
              "slow", new Fault.Slow(1_000),
              "black-hole", new Fault.BlackHole()));

  private static final long BUILD_MILLIS = 500;
  private static final long SLOW_BUILD_MILLIS = 5_000;
  private static final String FORGETS = "forgets";
  private static final Map<String, UnaryOperator<Behaviour.Builder>> BEHAVIOURS =
      new TreeMap<>(
          Map.of(
              FORGETS,
              UnaryOperator.identity(),
              "slow",
              now -> now.setDurationMillis(SLOW_BUILD_MILLIS),
              "fails",
              now -> now.setFailure("no space for layers"),
              "busy",
              now -> now.setCreating(Creating.CREATING_BUSY),
              "error-after-taking",
              now -> now.setCreating(Creating.CREATING_TAKEN_WITH_ERROR),
              "silent",
              now -> now.setCreating(Creating.CREATING_TAKEN_WITHOUT_ANSWER),
              "gone",
              now -> now.setVanished(true),
              "result-lost",
              now -> now.setResult(Result.RESULT_LOST),
              "result-twice",
              now -> now.setResult(Result.RESULT_UPLOADED_TWICE)));

  private Outside() {}

  static List<Nemesis> all() {
    return List.of(
        Nemesis.of(
            "object-store",
            "the object store, or the line to it, fails, stalls or changes bytes",
            Need.OBJECT_STORE,
            Outside::breakStore),
        Nemesis.of(
            "builder",
            "the builder is slow, busy, silent, fails or forgets, and the leader may die meanwhile",
            Need.BUILDER,
            Outside::breakBuilder));
  }

  private static void breakStore(Scene scene) throws Exception {
    String name = scene.one(List.copyOf(FAULTS.keySet()));
    Fault fault = java.util.Objects.requireNonNull(FAULTS.get(name));
    scene.harm(
        "object store",
        List.of(),
        name,
        true,
        () -> {
          scene.storeLine().inject(fault);
          try {
            scene.hold(LEAST, MOST);
          } finally {
            scene.storeLine().heal();
            scene.storeLine().cut();
          }
        });
  }

  private static void breakBuilder(Scene scene) throws Exception {
    String name = scene.one(List.copyOf(BEHAVIOURS.keySet()));
    UnaryOperator<Behaviour.Builder> change =
        java.util.Objects.requireNonNull(BEHAVIOURS.get(name));
    // Who asked the builder is every other time not there when the answer comes.
    List<Node> killed =
        scene.random().nextBoolean() ? List.of(scene.cluster().leader()) : List.<Node>of();
    scene.harm(
        "builder",
        killed,
        name,
        () -> {
          scene.builder().behave(now -> change.apply(usual(now)));
          if (name.equals(FORGETS)) {
            scene.builder().forgetBuilds();
          }
          scene.hold(LEAST, MOST);
          killed.forEach(scene.cluster()::kill);
          scene.hold(LEAST, MOST);
          killed.forEach(scene.cluster()::start);
          scene.builder().behave(Outside::usual);
          scene.cluster().awaitReady();
        });
  }

  private static Behaviour.Builder usual(Behaviour.Builder now) {
    return Behaviour.newBuilder()
        .addAllUploadTo(now.getUploadToList())
        .setDurationMillis(BUILD_MILLIS);
  }
}
