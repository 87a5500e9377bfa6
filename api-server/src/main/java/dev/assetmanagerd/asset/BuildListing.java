package dev.assetmanagerd.asset;

import dev.assetmanagerd.build.v1.AutomaticBuild;
import dev.assetmanagerd.build.v1.BuildServiceGrpc;
import dev.assetmanagerd.build.v1.ListBuildsRequest;
import dev.assetmanagerd.build.v1.ListBuildsResponse;
import dev.assetmanagerd.log.v1.Build;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What operators may ask about automatic builds. */
final class BuildListing implements BuildServiceGrpc.AsyncService {
  /** A token is the key behind which the listing goes on. */
  private static final Pattern TOKEN = Pattern.compile("[0-9a-f]{64}");

  private final RegistryAccess registry;

  BuildListing(RegistryAccess registry) {
    this.registry = registry;
  }

  @Override
  public void listBuilds(ListBuildsRequest request, StreamObserver<ListBuildsResponse> response) {
    Answers.answer(request, response, this::list);
  }

  private CompletableFuture<ListBuildsResponse> list(CallScope scope, ListBuildsRequest request) {
    int size = AssetRequests.pageSize(request.getPageSize());
    String after = after(request.getPageToken());
    return registry
        .read(scope, registry.deadline(), view -> view.builds(after, size + 1))
        .thenApply(builds -> page(builds, size));
  }

  private static @Nullable String after(String token) {
    if (token.isEmpty()) {
      return null;
    }
    if (!TOKEN.matcher(token).matches()) {
      throw ApiErrors.invalid("page_token", token, "is not one that this service has given");
    }
    return token;
  }

  /** Cut where the message would become too large; a page may have fewer than asked for. */
  private static ListBuildsResponse page(List<Build> builds, int size) {
    ListBuildsResponse.Builder page = ListBuildsResponse.newBuilder();
    long bytes = 0;
    for (Build build : builds) {
      bytes += build.getSerializedSize();
      if (page.getBuildsCount() == size
          || (bytes > AssetReads.MAX_PAGE_BYTES && page.getBuildsCount() > 0)) {
        return page.setNextPageToken(page.getBuilds(page.getBuildsCount() - 1).getKey()).build();
      }
      page.addBuilds(shown(build));
    }
    return page.build();
  }

  private static AutomaticBuild shown(Build build) {
    // builderd's last word on progress was before the end.
    boolean completed = build.getState() == Build.State.STATE_COMPLETED;
    return AutomaticBuild.newBuilder()
        .setKey(build.getKey())
        .setDockerImage(build.getImage())
        .putAllLabels(build.getBuildLabelsMap())
        .setStatus(BuildRequests.status(build))
        .setBuildId(build.getBuildId())
        .setAssetId(build.getAssetId())
        .setErrorMessage(build.getError())
        .setAttempt(build.getAttempt())
        .setProgressPercent(completed ? 100 : build.getPercent())
        .setCurrentStep(completed ? "" : build.getCurrentStep())
        .setRequestedAt(build.getRequestedAt())
        .setChangedAt(build.getChangedAt())
        .build();
  }
}
