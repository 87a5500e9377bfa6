package dev.assetmanagerd.build;

import dev.assetmanagerd.builderd.v1.BuildConfig;
import dev.assetmanagerd.builderd.v1.BuildJob;
import dev.assetmanagerd.builderd.v1.CreateBuildResponse;
import java.util.concurrent.CompletableFuture;

/**
 * The service that builds images. Thread-safe; nothing blocks. Futures fail with {@link
 * BuilderdException} and nothing else.
 */
interface Builderd {
  /**
   * Asks for a build.
   *
   * @param requestKey the same for each repetition of one request, so that a builderd that honours
   *     it starts one build
   */
  CompletableFuture<CreateBuildResponse> create(BuildConfig config, String requestKey);

  /** How far a build is. */
  CompletableFuture<BuildJob> get(String buildId);
}
