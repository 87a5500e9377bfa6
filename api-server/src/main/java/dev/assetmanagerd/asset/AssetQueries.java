package dev.assetmanagerd.asset;

import com.google.common.util.concurrent.MoreExecutors;
import dev.assetmanagerd.api.v1.BuildInfo;
import dev.assetmanagerd.api.v1.QueryAssetsRequest;
import dev.assetmanagerd.api.v1.QueryAssetsResponse;
import dev.assetmanagerd.build.Builds;
import dev.assetmanagerd.log.v1.Build;
import dev.assetmanagerd.log.v1.BuildRequested;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.RequestBuild;
import dev.assetmanagerd.process.FailPoint;
import dev.assetmanagerd.process.FailPoints;
import dev.assetmanagerd.registry.AssetPage;
import dev.assetmanagerd.registry.AssetQuery;
import dev.assetmanagerd.registry.RegistryView;
import io.grpc.Context;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * QueryAssets: a listing that can have built what it does not find.
 *
 * <p>Whoever misses an image proposes a build of it. The registry looks again where nothing comes
 * in between, and so of all who miss an image at the same time, on whatever nodes, one starts the
 * build and the others join it. A call that waits occupies no thread; when its client goes away it
 * stops waiting, and the build goes on.
 */
final class AssetQueries {
  private final RegistryAccess registry;
  private final Builds builds;
  private final FailPoints failPoints;
  private final Executor executor;

  /** What is answered from, and how far it reaches. */
  private record Request(
      CallScope scope, QueryAssetsRequest message, AssetQuery query, Deadline deadline) {}

  /**
   * @param executor runs what follows a wait; must not refuse tasks
   */
  AssetQueries(RegistryAccess registry, Builds builds, FailPoints failPoints, Executor executor) {
    this.registry = registry;
    this.builds = builds;
    this.failPoints = failPoints;
    this.executor = executor;
  }

  CompletableFuture<QueryAssetsResponse> query(CallScope scope, QueryAssetsRequest message) {
    // Whoever gives a build half an hour does not want to wait as long for a leader.
    Request request =
        new Request(scope, message, AssetRequests.query(message), registry.deadlineAfterTransfer());
    Optional<RequestBuild> wanted =
        BuildRequests.wanted(message, request.query(), builds.timeout());
    Context context = Context.current();
    return registry
        .read(scope, request.deadline(), view -> page(view, request.query(), wanted))
        .thenCompose(
            page ->
                page.assets().isEmpty() && wanted.isPresent()
                    ? build(request, wanted.get(), context)
                    : CompletableFuture.completedFuture(response(page, request.query(), null)));
  }

  /** Also finds reasons not to have anything built. */
  private AssetPage page(RegistryView view, AssetQuery query, Optional<RequestBuild> wanted) {
    AssetPage page = view.list(query);
    if (page.assets().isEmpty() && wanted.isPresent()) {
      checkBuildable(view, wanted.get());
    }
    return page;
  }

  private void checkBuildable(RegistryView view, RequestBuild wanted) {
    if (!builds.enabled()) {
      throw ApiErrors.failedPrecondition(
          "build_options.enable_auto_build: no asset matches, and automatic builds are switched off"
              + " on this cluster (BUILDERD_ENABLED); build the image and upload it");
    }
    String id = wanted.getSuggestedAssetId();
    if (!id.isEmpty() && view.asset(id).isPresent()) {
      throw ApiErrors.alreadyExists(
          "build_options.suggested_asset_id: asset "
              + ApiErrors.quoted(id)
              + " exists, and is not what the query asks for");
    }
    Optional<Build> running = view.build(wanted.getKey()).filter(build -> !Builds.hasEnded(build));
    if (running.isEmpty()
        && view.unfinishedBuilds(Builds.MAX_UNFINISHED).size() >= Builds.MAX_UNFINISHED) {
      throw ApiErrors.resourceExhausted(
          "build_options.enable_auto_build: "
              + Builds.MAX_UNFINISHED
              + " builds are unfinished already; nothing was changed");
    }
  }

  private CompletableFuture<QueryAssetsResponse> build(
      Request request, RequestBuild wanted, Context context) {
    // Without the call's idempotency key: joining a build twice is the same as once, and what
    // became
    // of it an hour ago is no answer.
    Command.Builder command = Command.newBuilder().setRequestBuild(wanted);
    return registry
        .propose(request.scope(), command, request.deadline())
        .thenCompose(
            outcome -> {
              failPoints.hit(FailPoint.BUILD_AFTER_WANT);
              return afterRequest(request, outcome.getBuildRequested(), context);
            });
  }

  private CompletableFuture<QueryAssetsResponse> afterRequest(
      Request request, BuildRequested requested, Context context) {
    long index = request.scope().writeIndex().orElse(0);
    if (!requested.getAssetId().isEmpty()) {
      return answer(request, index, null);
    }
    Build build = requested.getBuild();
    if (Builds.hasEnded(build) || !request.message().getBuildOptions().getWaitForCompletion()) {
      return answer(request, index, build);
    }
    return awaited(build.getKey(), index, patience(request.message()), context)
        .thenComposeAsync(ended -> answer(request, index, ended), executor);
  }

  private CompletableFuture<Build> awaited(
      String key, long index, Duration patience, Context context) {
    CompletableFuture<Build> waiting = builds.await(key, index, patience);
    Context.CancellationListener gone = cancelled -> waiting.cancel(false);
    context.addListener(gone, MoreExecutors.directExecutor());
    return waiting.whenComplete((build, failure) -> context.removeListener(gone));
  }

  private CompletableFuture<QueryAssetsResponse> answer(
      Request request, long index, @Nullable Build build) {
    return registry
        .readApplied(index, view -> view.list(request.query()))
        .thenApply(page -> response(page, request.query(), build));
  }

  private static Duration patience(QueryAssetsRequest message) {
    int seconds = message.getBuildOptions().getBuildTimeoutSeconds();
    return seconds == 0 ? BuildRequests.DEFAULT_PATIENCE : Duration.ofSeconds(seconds);
  }

  private static QueryAssetsResponse response(
      AssetPage found, AssetQuery query, @Nullable Build build) {
    AssetPage page = AssetReads.cutToMessageSize(found);
    QueryAssetsResponse.Builder response =
        QueryAssetsResponse.newBuilder()
            .addAllAssets(page.assets())
            .setNextPageToken(AssetReads.token(page, query));
    if (build != null) {
      response.addTriggeredBuilds(info(build));
    }
    return response.build();
  }

  private static BuildInfo info(Build build) {
    boolean failed = build.getState() == Build.State.STATE_FAILED;
    return BuildInfo.newBuilder()
        .setBuildId(build.getBuildId())
        .setDockerImage(build.getImage())
        // Clients know a build that was just triggered as "building".
        .setStatus(Builds.hasEnded(build) ? BuildRequests.status(build) : BuildRequests.BUILDING)
        .setErrorMessage(failed ? build.getError() : "")
        .setAssetId(build.getAssetId())
        .build();
  }
}
