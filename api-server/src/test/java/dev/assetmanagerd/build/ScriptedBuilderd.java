package dev.assetmanagerd.build;

import dev.assetmanagerd.build.BuilderdException.Meaning;
import dev.assetmanagerd.builderd.v1.BuildConfig;
import dev.assetmanagerd.builderd.v1.BuildJob;
import dev.assetmanagerd.builderd.v1.BuildState;
import dev.assetmanagerd.builderd.v1.CreateBuildResponse;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** A builderd that answers as the test says, and notes what it is asked. Thread-safe. */
final class ScriptedBuilderd implements Builderd {
  record Asked(BuildConfig config, String requestKey, long nanos) {}

  private final List<Asked> asked = new ArrayList<>();
  private int polls;
  private volatile Function<Asked, CompletableFuture<CreateBuildResponse>> creating =
      call -> created("b-1");
  private volatile Function<String, CompletableFuture<BuildJob>> telling =
      id -> told(job(id, BuildState.BUILD_STATE_PULLING));

  static CompletableFuture<CreateBuildResponse> created(String id) {
    return CompletableFuture.completedFuture(
        CreateBuildResponse.newBuilder().setBuildId(id).build());
  }

  static CompletableFuture<BuildJob> told(BuildJob.Builder job) {
    return CompletableFuture.completedFuture(job.build());
  }

  static BuildJob.Builder job(String id, BuildState state) {
    return BuildJob.newBuilder().setBuildId(id).setState(state);
  }

  static <T> CompletableFuture<T> fails(Status.Code code, Meaning meaning) {
    return CompletableFuture.failedFuture(
        new BuilderdException(code, meaning, "builderd says " + code));
  }

  void creating(Function<Asked, CompletableFuture<CreateBuildResponse>> creating) {
    this.creating = creating;
  }

  void telling(Function<String, CompletableFuture<BuildJob>> telling) {
    this.telling = telling;
  }

  synchronized List<Asked> asked() {
    return List.copyOf(asked);
  }

  synchronized int polls() {
    return polls;
  }

  @Override
  public CompletableFuture<CreateBuildResponse> create(BuildConfig config, String requestKey) {
    Asked call = new Asked(config, requestKey, System.nanoTime());
    synchronized (this) {
      asked.add(call);
    }
    return creating.apply(call);
  }

  @Override
  public CompletableFuture<BuildJob> get(String buildId) {
    synchronized (this) {
      polls++;
    }
    return telling.apply(buildId);
  }
}
