package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.log.v1.Build;
import dev.assetmanagerd.log.v1.Build.State;
import dev.assetmanagerd.log.v1.BuildRequested;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.RequestBuild;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Wanting builds, and builds that are answered by an asset. */
final class BuildCommands {
  /** How long a build that has ended is remembered. */
  static final long FINISHED_MILLIS = 7L * 24 * 3600 * 1000;

  private final Sql sql;
  private final BuildRows builds;

  BuildCommands(Sql sql) {
    this.sql = sql;
    this.builds = new BuildRows(sql);
  }

  /**
   * Looks for the asset here, where nothing comes in between: so of all who miss it at the same
   * time, one wants the build and the others join it.
   */
  Outcome request(RequestBuild command, EntryTime time) {
    Outcome malformed = malformed(command);
    if (malformed != null) {
      return malformed;
    }
    Optional<Asset> found = findable(command);
    if (found.isPresent()) {
      return requested(BuildRequested.newBuilder().setAssetId(found.get().getId()));
    }
    Optional<Build> before = builds.find(command.getKey());
    if (before.isPresent() && isAnswer(before.get(), time)) {
      return requested(BuildRequested.newBuilder().setBuild(before.get()));
    }
    before.ifPresent(build -> builds.delete(build.getKey()));
    Build wanted = wanted(command, before, time);
    builds.insert(wanted, command.getType());
    long finishedUntil = time.clockMillis() - FINISHED_MILLIS;
    builds.prune(finishedUntil, 2);
    return requested(BuildRequested.newBuilder().setBuild(wanted).setCreated(true));
  }

  /** Completes the unfinished builds of which this AVAILABLE asset is the result. */
  void completeBy(Asset asset, EntryTime time) {
    for (Build build : builds.thatMade(asset)) {
      builds.update(completed(build.toBuilder(), asset.getId(), time));
    }
  }

  /** The state in which a build stays when an asset has answered it. */
  static Build completed(Build.Builder build, String assetId, EntryTime time) {
    return build
        .setState(State.STATE_COMPLETED)
        .setAssetId(assetId)
        .clearError()
        .clearNotBeforeMillis()
        .clearFailures()
        .setSinceMillis(time.clockMillis())
        .setChangedAt(time.wallSeconds())
        .build();
  }

  private static @Nullable Outcome malformed(RequestBuild command) {
    if (!BlobName.isChecksum(command.getKey())) {
      return Outcomes.invalid(
          "key", "\"" + command.getKey() + "\" is not a SHA-256 in lower-case hex");
    }
    if (command.getImage().isEmpty()) {
      return Outcomes.invalid("image", "the build has no image");
    }
    if (command.getSuggestedAssetId().isEmpty()) {
      return Outcomes.invalid("suggested_asset_id", "the build suggests no id for its result");
    }
    if (command.getType() != AssetType.ASSET_TYPE_UNSPECIFIED
        && command.getType() != AssetType.ASSET_TYPE_ROOTFS) {
      return Outcomes.invalid("type", command.getType() + " is not what builds make");
    }
    Map<String, String> selector = command.getSelectorMap();
    if (!command.getImage().equals(selector.get(BuildRows.IMAGE_LABEL))) {
      return Outcomes.invalid(
          "selector", "its " + BuildRows.IMAGE_LABEL + " is not the image of the build");
    }
    if (selector.size() > Listing.LABELS_MAX) {
      return Outcomes.invalid(
          "selector", selector.size() + " are more labels than a query may have");
    }
    if (command.getTimeoutMillis() <= 0) {
      return Outcomes.invalid("timeout_millis", command.getTimeoutMillis() + " is not 1 or more");
    }
    return null;
  }

  /** The asset that the query of the command finds first. */
  private Optional<Asset> findable(RequestBuild command) {
    AssetQuery query =
        new AssetQuery(
            command.getType(),
            AssetStatus.ASSET_STATUS_AVAILABLE,
            command.getSelectorMap(),
            null,
            1);
    List<Asset> found = new Listing(sql).page(query).assets();
    return found.stream().findFirst();
  }

  /**
   * Whether a build that is there answers a request as it is: it runs; it failed not long ago; or
   * it was completed with an asset that is still there, though the query does not find it, and
   * building again would not make it be found.
   */
  private boolean isAnswer(Build build, EntryTime time) {
    return switch (build.getState()) {
      case STATE_FAILED -> time.clockMillis() < build.getNotBeforeMillis();
      case STATE_COMPLETED -> Statuses.isAvailable(sql, build.getAssetId());
      default -> true;
    };
  }

  /** Attempts go on counting, for builderd knows them by number; failures until one succeeds. */
  private static Build wanted(RequestBuild command, Optional<Build> before, EntryTime time) {
    return Build.newBuilder()
        .setKey(command.getKey())
        .setImage(command.getImage())
        .putAllBuildLabels(command.getBuildLabelsMap())
        .putAllSelector(command.getSelectorMap())
        .setSuggestedAssetId(command.getSuggestedAssetId())
        .setState(State.STATE_WANTED)
        .setAttempt(before.map(Build::getAttempt).orElse(0))
        .setFailures(before.map(Build::getFailures).orElse(0))
        .setRequestedAt(time.wallSeconds())
        .setChangedAt(time.wallSeconds())
        .setDeadlineMillis(ClusterTime.after(time.clockMillis(), command.getTimeoutMillis()))
        .setSinceMillis(time.clockMillis())
        .build();
  }

  private static Outcome requested(BuildRequested.Builder requested) {
    return Outcome.newBuilder().setBuildRequested(requested).build();
  }
}
