package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.log.v1.AdvanceBuild;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import dev.assetmanagerd.log.v1.RequestBuild;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Builds in plain maps. */
final class ModelBuilds {
  private static final long WEEK = 7L * 24 * 3_600_000;

  private enum State {
    WANTED,
    STARTING,
    BUILDING,
    COMPLETED,
    FAILED
  }

  private static final class Build {
    String key = "";
    String image = "";
    String suggested = "";
    int type;
    Map<String, String> selector = Map.of();
    State state = State.WANTED;
    int attempt;
    int failures;
    int percent;
    String buildId = "";
    String asset = "";
    String error = "";
    long since;
    long deadline;
    long notBefore;

    boolean finished() {
      return state == State.COMPLETED || state == State.FAILED;
    }
  }

  private final Map<String, Build> builds = new TreeMap<>();
  private final Model model;

  ModelBuilds(Model model) {
    this.model = model;
  }

  String request(RequestBuild c) {
    if (c.getSuggestedAssetId().isEmpty()) {
      return Model.no(Rule.RULE_INVALID, "suggested_asset_id");
    }
    if (c.getTypeValue() == 1) {
      return Model.no(Rule.RULE_INVALID, "type");
    }
    if (!c.getImage().equals(c.getSelectorMap().get("docker_image"))) {
      return Model.no(Rule.RULE_INVALID, "selector");
    }
    if (c.getTimeoutMillis() < 1) {
      return Model.no(Rule.RULE_INVALID, "timeout_millis");
    }
    Asset.Builder found =
        model.assets.byId.values().stream()
            .filter(asset -> asset.getStatus() == AssetStatus.ASSET_STATUS_AVAILABLE)
            .filter(asset -> c.getTypeValue() == 0 || c.getTypeValue() == asset.getTypeValue())
            .filter(asset -> carries(asset, c.getSelectorMap()))
            .max(
                Comparator.comparing(Asset.Builder::getCreatedAt)
                    .thenComparing(Asset.Builder::getId))
            .orElse(null);
    if (found != null) {
      return "asset " + found.getId();
    }
    Build before = builds.get(c.getKey());
    if (before != null && answers(before)) {
      return "build " + text(before);
    }
    Build wanted = new Build();
    wanted.key = c.getKey();
    wanted.image = c.getImage();
    wanted.suggested = c.getSuggestedAssetId();
    wanted.type = c.getTypeValue();
    wanted.selector = c.getSelectorMap();
    wanted.attempt = before == null ? 0 : before.attempt;
    wanted.failures = before == null ? 0 : before.failures;
    wanted.since = model.clock;
    wanted.deadline = model.after(c.getTimeoutMillis());
    builds.put(wanted.key, wanted);
    forgetOld();
    return "build " + text(wanted) + " created";
  }

  private boolean answers(Build build) {
    if (build.state == State.FAILED) {
      return model.clock < build.notBefore;
    }
    return build.state != State.COMPLETED || available(build.asset);
  }

  private boolean available(String id) {
    Asset.Builder asset = model.assets.byId.get(id);
    return asset != null && asset.getStatus() == AssetStatus.ASSET_STATUS_AVAILABLE;
  }

  /** Each new build takes two of last week away. */
  private void forgetOld() {
    List<Build> old = new ArrayList<>(builds.values());
    old.removeIf(build -> !build.finished() || build.since > model.clock - WEEK);
    old.sort(Comparator.comparing((Build build) -> build.since).thenComparing(build -> build.key));
    old.stream().limit(2).forEach(build -> builds.remove(build.key));
  }

  private static boolean carries(Asset.Builder asset, Map<String, String> labels) {
    return asset.getLabelsMap().entrySet().containsAll(labels.entrySet());
  }

  void made(Asset.Builder asset) {
    for (Build build : builds.values()) {
      boolean named =
          !build.buildId.isEmpty()
              && (build.buildId.equals(asset.getBuildId())
                  || build.buildId.equals(asset.getLabelsMap().get("build_id")));
      boolean found =
          build.image.equals(asset.getLabelsMap().get("docker_image"))
              && (build.type == 0 || build.type == asset.getTypeValue())
              && carries(asset, build.selector);
      if (!build.finished() && (build.suggested.equals(asset.getId()) || named || found)) {
        complete(build, asset.getId());
      }
    }
  }

  private void complete(Build build, String asset) {
    build.state = State.COMPLETED;
    build.asset = asset;
    build.error = "";
    build.notBefore = 0;
    build.failures = 0;
    build.since = model.clock;
  }

  String advance(AdvanceBuild c) {
    String malformed = malformed(c);
    if (malformed != null) {
      return malformed;
    }
    Build build = builds.get(c.getKey());
    if (build == null) {
      return Model.no(Rule.RULE_BUILD_NOT_FOUND, "key");
    }
    if (build.attempt != c.getAttempt() || !fits(build, c)) {
      return "advanced false " + text(build);
    }
    if (c.hasComplete() && !available(c.getComplete().getAssetId())) {
      return model.assets.byId.containsKey(c.getComplete().getAssetId())
          ? Model.no(Rule.RULE_ASSET_NOT_AVAILABLE, "asset_id")
          : Model.no(Rule.RULE_ASSET_NOT_FOUND, "asset_id");
    }
    step(build, c);
    return "advanced true " + text(build);
  }

  private static @Nullable String malformed(AdvanceBuild c) {
    if (c.hasStarted() && c.getStarted().getBuildId().isEmpty()) {
      return Model.no(Rule.RULE_INVALID, "started.build_id");
    }
    if (c.hasProgress() && c.getProgress().getPercent() > 100) {
      return Model.no(Rule.RULE_INVALID, "progress.percent");
    }
    if (c.hasRetry() && c.getRetry().getAfterMillis() < 0) {
      return Model.no(Rule.RULE_INVALID, "retry.after_millis");
    }
    if (c.hasFail() && c.getFail().getKeepMillis() < 0) {
      return Model.no(Rule.RULE_INVALID, "fail.keep_millis");
    }
    return c.getStepCase() == AdvanceBuild.StepCase.STEP_NOT_SET
        ? Model.no(Rule.RULE_INVALID, "step")
        : null;
  }

  private boolean fits(Build build, AdvanceBuild c) {
    boolean asked = build.state == State.STARTING || build.state == State.BUILDING;
    return switch (c.getStepCase()) {
      case STARTING ->
          build.state == State.STARTING
              || (build.state == State.WANTED && build.notBefore <= model.clock);
      case STARTED -> build.state == State.STARTING;
      case PROGRESS -> build.state == State.BUILDING;
      case RETRY, COMPLETE -> asked;
      default -> !build.finished();
    };
  }

  private void step(Build build, AdvanceBuild c) {
    build.since = c.hasProgress() ? build.since : model.clock;
    switch (c.getStepCase()) {
      case STARTING -> {
        build.state = State.STARTING;
        build.attempt++;
        build.buildId = "";
        build.percent = 0;
        build.notBefore = 0;
      }
      case STARTED -> {
        build.state = State.BUILDING;
        build.buildId = c.getStarted().getBuildId();
        build.error = "";
      }
      case PROGRESS -> build.percent = c.getProgress().getPercent();
      case RETRY -> {
        build.state = State.WANTED;
        build.error = c.getRetry().getError();
        build.notBefore = model.after(c.getRetry().getAfterMillis());
      }
      case COMPLETE -> complete(build, c.getComplete().getAssetId());
      default -> {
        build.state = State.FAILED;
        build.error = c.getFail().getError();
        build.failures++;
        build.notBefore = model.after(c.getFail().getKeepMillis());
      }
    }
  }

  private static String text(Build build) {
    return String.join(
        " ",
        build.key.substring(0, 1),
        "STATE_" + build.state,
        "attempt=" + build.attempt,
        "build=" + build.buildId,
        "asset=" + build.asset,
        "error=" + build.error,
        "percent=" + build.percent,
        "failures=" + build.failures,
        "since=" + build.since,
        "deadline=" + build.deadline,
        "notbefore=" + build.notBefore);
  }

  /** All there are, by key. */
  List<String> texts() {
    return builds.values().stream().map(ModelBuilds::text).toList();
  }
}
