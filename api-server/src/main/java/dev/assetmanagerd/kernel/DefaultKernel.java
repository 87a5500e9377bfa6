package dev.assetmanagerd.kernel;

import com.google.common.util.concurrent.ThreadFactoryBuilder;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.build.ArtifactRegistrar;
import dev.assetmanagerd.raft.LeadershipListener;
import dev.assetmanagerd.raft.ReplicatedRegistry;
import dev.assetmanagerd.registry.AssetQuery;
import dev.assetmanagerd.storage.blob.BlobReader;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Registers the kernel that lies at a configured place in the store, where no kernel is registered.
 * Looks each time this node begins to lead. The id is always the same, so that it is registered
 * once, however many leaders look. Thread-safe.
 */
public final class DefaultKernel implements LeadershipListener, AutoCloseable {
  /** Id of the asset. */
  public static final String ASSET_ID = "default-kernel";

  private static final Logger log = LoggerFactory.getLogger(DefaultKernel.class);
  private static final Duration RETRY_PAUSE = Duration.ofSeconds(5);
  private static final long NOT_LEADING = -1;

  private final ReplicatedRegistry registry;
  private final BlobReader blobs;
  private final ArtifactRegistrar registrar;
  private final String location;
  private final ScheduledExecutorService thread;
  private final AtomicLong leadingTerm = new AtomicLong(NOT_LEADING);

  /**
   * Starts a thread of its own, on which the kernel is read.
   *
   * @param registry of this node
   * @param blobs the configured store
   * @param location of the kernel in the store
   */
  public DefaultKernel(
      ReplicatedRegistry registry, BlobReader blobs, ArtifactRegistrar registrar, String location) {
    this.registry = registry;
    this.blobs = blobs;
    this.registrar = registrar;
    this.location = location;
    this.thread =
        Executors.newSingleThreadScheduledExecutor(
            new ThreadFactoryBuilder().setNameFormat("default-kernel").setDaemon(true).build());
  }

  /** Looks no more. */
  @Override
  public void close() {
    leadingTerm.set(NOT_LEADING);
    thread.shutdownNow();
  }

  @Override
  public void onLeaderReady(long term) {
    leadingTerm.set(term);
    lookAfter(term, Duration.ZERO);
  }

  @Override
  public void onLeadershipLost() {
    leadingTerm.set(NOT_LEADING);
  }

  private void lookAfter(long term, Duration pause) {
    try {
      var unused = thread.schedule(() -> look(term), pause.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      log.debug("the node is stopping; the next leader looks for a kernel", e);
    }
  }

  private void look(long term) {
    if (leadingTerm.get() != term) {
      return;
    }
    try {
      registerWhereMissing(term);
    } catch (StatusRuntimeException e) {
      log.warn("the kernel at {} was not registered: {}", location, e.getMessage());
      if (mayPass(e)) {
        lookAfter(term, RETRY_PAUSE);
      }
    } catch (IOException | RuntimeException e) {
      log.warn("the kernel at {} could not be registered; trying again", location, e);
      lookAfter(term, RETRY_PAUSE);
    }
  }

  private static boolean mayPass(StatusRuntimeException failure) {
    return switch (failure.getStatus().getCode()) {
      case UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL, UNKNOWN -> true;
      default -> false;
    };
  }

  private void registerWhereMissing(long term) throws IOException {
    AssetQuery anyKernel =
        new AssetQuery(
            AssetType.ASSET_TYPE_KERNEL, AssetStatus.ASSET_STATUS_UNSPECIFIED, Map.of(), null, 1);
    if (!registry.query(view -> view.list(anyKernel)).assets().isEmpty()
        || blobs.stat(location).isEmpty()) {
      return;
    }
    Optional<KernelImage> image = image();
    if (image.isEmpty()) {
      log.warn("{} in the blob store is no kernel image that is known here; left alone", location);
      return;
    }
    Asset kernel = registrar.register(asset(image.get()), term);
    log.info("registered the kernel at {} as {}: {}", location, kernel.getId(), image.get());
  }

  private Optional<KernelImage> image() throws IOException {
    try (ReadableByteChannel bytes = blobs.open(location, 0)) {
      return KernelImage.read(bytes);
    }
  }

  private Asset asset(KernelImage image) {
    Asset.Builder asset =
        Asset.newBuilder()
            .setId(ASSET_ID)
            .setName(location.substring(location.lastIndexOf('/') + 1))
            .setType(AssetType.ASSET_TYPE_KERNEL)
            .setLocation(location)
            .putLabels("arch", image.arch())
            .putLabels("default", "true")
            .setCreatedBy("assetmanagerd");
    image.version().ifPresent(version -> asset.putLabels("version", version));
    return asset.build();
  }
}
