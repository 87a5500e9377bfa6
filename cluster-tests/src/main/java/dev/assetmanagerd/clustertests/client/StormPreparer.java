package dev.assetmanagerd.clustertests.client;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.PrepareAssetsRequest;
import dev.assetmanagerd.api.v1.PrepareAssetsResponse;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Prepares an asset into a directory of its own, looks at what it got, and in every other turn
 * keeps the lease that it asked for in the same call.
 */
final class StormPreparer extends StormActor {
  private static final String CALL = "prepare";
  private static final long IDLE_MS = 20;
  private static final Metadata.Key<String> LEASE_TTL = key("assetmanager-lease-ttl");
  private static final Metadata.Key<String> LEASES = key("assetmanager-leases");

  private final Path jail;
  private boolean keepLease;

  StormPreparer(
      String name, Shared shared, AssetClient client, SplittableRandom random, Path jails) {
    super(name, shared, client, random);
    this.jail = jails.resolve(name);
  }

  @Override
  void act() throws IOException {
    Optional<Asset> asset = pool().any(random);
    if (asset.isEmpty()) {
      stopped(IDLE_MS);
      return;
    }
    keepLease = !keepLease;
    prepare(asset.get()).ifPresent(this::holdAndRelease);
  }

  /** The lease, where one was asked for. */
  private Optional<LeaseBook.Held> prepare(Asset asset) throws IOException {
    PrepareAssetsRequest request =
        PrepareAssetsRequest.newBuilder()
            .addAssetIds(asset.getId())
            .setTargetPath(jail.toString())
            .setPreparedFor(name)
            .build();
    // The node holds the asset while it works, and takes the caller's lease before it lets go.
    int leases = keepLease ? 2 : 1;
    IntStream.range(0, leases).forEach(i -> book().acquiring(asset.getId()));
    try {
      AtomicReference<@Nullable Metadata> headers = new AtomicReference<>();
      PrepareAssetsResponse response = call(request, headers);
      log().ended(CALL, "ok");
      book().refused(asset.getId());
      check(asset, Path.of(response.getAssetPathsOrThrow(asset.getId())));
      return lease(asset, headers.get());
    } catch (CallFailedException e) {
      if (!e.mayHaveTakenEffect()) {
        IntStream.range(0, leases).forEach(i -> book().refused(asset.getId()));
      }
      failed(CALL, e, asset);
      return Optional.empty();
    }
  }

  private PrepareAssetsResponse call(
      PrepareAssetsRequest request, AtomicReference<@Nullable Metadata> headers)
      throws CallFailedException {
    Metadata ask = new Metadata();
    if (keepLease) {
      ask.put(LEASE_TTL, "1h");
    }
    return client.call(
        stub ->
            stub.withInterceptors(
                    MetadataUtils.newAttachHeadersInterceptor(ask),
                    MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>()))
                .prepareAssets(request));
  }

  private Optional<LeaseBook.Held> lease(Asset asset, @Nullable Metadata headers) {
    if (!keepLease) {
      return Optional.empty();
    }
    String leases = headers == null ? null : headers.get(LEASES);
    String prefix = asset.getId() + "=";
    if (leases == null || !leases.startsWith(prefix)) {
      log().violated(name + " asked for a lease with " + asset.getId() + " and got " + leases);
      return Optional.empty();
    }
    LeaseBook.Held lease =
        new LeaseBook.Held(
            leases.substring(prefix.length()),
            asset.getId(),
            asset.getLocation(),
            asset.getChecksum());
    book().acquired(lease);
    return Optional.of(lease);
  }

  private void check(Asset asset, Path file) throws IOException {
    String found = Sha256Sum.of(file);
    if (!found.equals(asset.getChecksum())) {
      log().violated(asset + " was prepared as " + file + ", which is " + found);
    }
    Files.deleteIfExists(file);
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
