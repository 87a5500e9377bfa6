package dev.assetmanagerd.clustertests.builderd;

import dev.assetmanagerd.builderd.v1.BuildConfig;
import dev.assetmanagerd.builderd.v1.BuildJob;
import dev.assetmanagerd.builderd.v1.BuildState;
import dev.assetmanagerd.clustertests.builderd.v1.Behaviour;
import dev.assetmanagerd.clustertests.builderd.v1.GetCountsResponse;
import dev.assetmanagerd.clustertests.builderd.v1.GetCountsResponse.Tally;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** The builds of the stand-in, and its books. Thread-safe. */
final class StandInBuilds {
  private static final int THREADS = 8;
  private static final long LATE_MILLIS = 3_000;

  private final ScheduledExecutorService threads = Executors.newScheduledThreadPool(THREADS);
  private final Map<String, StandInBuild> builds = new HashMap<>();
  private final Map<String, String> buildsByRequest = new HashMap<>();
  private final Map<String, Tally.Builder> images = new TreeMap<>();
  private final Map<String, Tally.Builder> keys = new TreeMap<>();
  private final GetCountsResponse.Builder counts = GetCountsResponse.newBuilder();
  private Behaviour behaviour;
  private int nextId = 1;

  StandInBuilds(Behaviour behaviour) {
    this.behaviour = behaviour;
  }

  synchronized Behaviour behaviour() {
    return behaviour;
  }

  synchronized void behave(Behaviour behaviour) {
    this.behaviour = behaviour;
  }

  synchronized void countCreate(BuildConfig config, String requestKey) {
    counts.setCreateCalls(counts.getCreateCalls() + 1);
    ofImage(config).setCalls(ofImage(config).getCalls() + 1);
    ofKey(requestKey).setCalls(ofKey(requestKey).getCalls() + 1);
  }

  synchronized void countGet() {
    counts.setGetCalls(counts.getGetCalls() + 1);
  }

  private synchronized void countUpload() {
    counts.setUploads(counts.getUploads() + 1);
  }

  /** Starts a build, unless the request was taken before; returns its id. */
  synchronized String take(BuildConfig config, String requestKey) {
    String before = buildsByRequest.get(requestKey);
    if (before != null && !requestKey.isEmpty() && !behaviour.getIgnoresKeys()) {
      return before;
    }
    StandInBuild build =
        new StandInBuild(
            "build-" + nextId++, config, key(requestKey), behaviour.getDurationMillis());
    builds.put(build.id(), build);
    buildsByRequest.put(requestKey, build.id());
    countBuild(ofImage(config), running(build, true));
    countBuild(ofKey(requestKey), running(build, false));
    counts.clearLastLabels();
    config.getLabelsMap().forEach((name, value) -> counts.addLastLabels(name + "=" + value));
    var unused =
        threads.schedule(() -> finish(build), build.durationMillis(), TimeUnit.MILLISECONDS);
    return build.id();
  }

  private int running(StandInBuild build, boolean ofImage) {
    return (int)
        builds.values().stream()
            .filter(other -> other.state() == BuildState.BUILD_STATE_BUILDING)
            .filter(
                other ->
                    ofImage ? other.image().equals(build.image()) : other.key().equals(build.key()))
            .count();
  }

  private static void countBuild(Tally.Builder tally, int atOnce) {
    tally.setBuilds(tally.getBuilds() + 1);
    tally.setBuildsAtOnce(Math.max(tally.getBuildsAtOnce(), atOnce));
  }

  private Tally.Builder ofImage(BuildConfig config) {
    String image = config.getSource().getDockerImage().getImageUri();
    return images.computeIfAbsent(image, name -> Tally.newBuilder().setName(name));
  }

  private Tally.Builder ofKey(String requestKey) {
    return keys.computeIfAbsent(key(requestKey), name -> Tally.newBuilder().setName(name));
  }

  private static String key(String requestKey) {
    int slash = requestKey.indexOf('/');
    return slash < 0 ? requestKey : requestKey.substring(0, slash);
  }

  private void finish(StandInBuild build) {
    Behaviour now = behaviour();
    if (!now.getFailure().isEmpty()) {
      build.fail(now.getFailure());
      return;
    }
    try {
      switch (now.getResult()) {
        case RESULT_UPLOADED -> upload(build, now);
        case RESULT_UPLOADED_TWICE -> {
          upload(build, now);
          upload(build, now);
        }
        case RESULT_LEFT_IN_STORE -> build.leaveIn(now.getStore(), now.getArtifactBytes());
        case RESULT_UPLOADED_LATE -> {
          var unused =
              threads.schedule(() -> upload(build, now), LATE_MILLIS, TimeUnit.MILLISECONDS);
        }
        case RESULT_LOST, UNRECOGNIZED -> {}
      }
      build.complete();
    } catch (RuntimeException e) {
      e.printStackTrace();
      build.fail("the result could not be stored: " + e.getMessage());
    }
  }

  private void upload(StandInBuild build, Behaviour now) {
    new ArtifactUpload(now).run(build);
    countUpload();
  }

  synchronized Optional<BuildJob> job(String id) {
    return Optional.ofNullable(builds.get(id)).map(StandInBuild::job);
  }

  synchronized void forget() {
    builds.clear();
    buildsByRequest.clear();
  }

  synchronized GetCountsResponse counts() {
    GetCountsResponse.Builder all = counts.clone();
    images.values().forEach(all::addImages);
    keys.values().forEach(all::addKeys);
    return all.build();
  }
}
