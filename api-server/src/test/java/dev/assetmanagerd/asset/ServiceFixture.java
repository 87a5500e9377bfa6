package dev.assetmanagerd.asset;

import com.google.common.hash.Hashing;
import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.Status;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc.AssetManagerServiceBlockingStub;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.api.v1.UploadAssetRequest;
import dev.assetmanagerd.api.v1.UploadAssetResponse;
import dev.assetmanagerd.build.Builds;
import dev.assetmanagerd.build.TestBuilds;
import dev.assetmanagerd.lease.v1.LeaseServiceGrpc;
import dev.assetmanagerd.lease.v1.LeaseServiceGrpc.LeaseServiceBlockingStub;
import dev.assetmanagerd.process.FailPoints;
import dev.assetmanagerd.storage.blob.BlobStore;
import dev.assetmanagerd.storage.blob.SharedDirectoryBlobStore;
import dev.assetmanagerd.storage.place.Placement;
import io.grpc.BindableService;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.assertj.core.api.Assertions;

/** The asset service of one node behind a real socket, with a real store in a directory. */
final class ServiceFixture implements AutoCloseable {
  static final Duration UPLOAD_TTL = Duration.ofMinutes(10);
  static final int PART_BYTES = 10_000;

  private static final long LEADER_TERM = 1;

  final LocalRegistry registry;
  final SharedDirectoryBlobStore blobs;
  final Path blobDirectory;
  final Path vmRoot;
  final Builds builds;
  final AssetModule module;
  private final ExecutorService executor = Executors.newCachedThreadPool();
  private final Server server;
  private final ManagedChannel channel;

  static ServiceFixture in(Path directory) {
    return with(directory, options -> options, store -> store);
  }

  static ServiceFixture withoutBuilds(Path directory) throws IOException {
    return new ServiceFixture(
        directory,
        options -> options,
        store -> store,
        LocalCopies.none(),
        transfers -> transfers,
        FailPoints.off(),
        false);
  }

  /** A node that also reads from elsewhere. */
  static ServiceFixture withCopies(Path directory, LocalCopies copies) {
    try {
      return new ServiceFixture(
          directory,
          options -> options,
          store -> store,
          copies,
          transfers -> transfers,
          FailPoints.off(),
          true);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static ServiceFixture in(Path directory, BindableService more) {
    return with(directory, options -> options, store -> store, more);
  }

  static ServiceFixture with(
      Path directory,
      UnaryOperator<AssetServiceOptions> options,
      UnaryOperator<BlobStore> storeSeenByService,
      BindableService... more) {
    try {
      return new ServiceFixture(
          directory,
          options,
          storeSeenByService,
          LocalCopies.none(),
          transfers -> transfers,
          FailPoints.off(),
          true,
          more);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static ServiceFixture with(Path directory, FailPoints failPoints) {
    try {
      return new ServiceFixture(
          directory,
          options -> options,
          store -> store,
          LocalCopies.none(),
          transfers -> transfers,
          failPoints,
          true);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** With another store than the directory, and what belongs to it. */
  static ServiceFixture on(
      Path directory,
      UnaryOperator<AssetServiceOptions> options,
      BlobStore store,
      LocalCopies copies,
      UnaryOperator<TransferSettings> transfers)
      throws IOException {
    return new ServiceFixture(
        directory, options, local -> store, copies, transfers, FailPoints.off(), true);
  }

  private ServiceFixture(
      Path directory,
      UnaryOperator<AssetServiceOptions> options,
      UnaryOperator<BlobStore> storeSeenByService,
      LocalCopies copies,
      UnaryOperator<TransferSettings> transfers,
      FailPoints failPoints,
      boolean automaticBuilds,
      BindableService... more)
      throws IOException {
    registry = new LocalRegistry(directory.resolve("registry.db"));
    blobDirectory = directory.resolve("blobs");
    vmRoot = directory.resolve("jail");
    blobs = SharedDirectoryBlobStore.open(blobDirectory, "n1");
    builds = TestBuilds.waiters(registry, automaticBuilds);
    module =
        new AssetModule(
            "n1",
            options.apply(small(AssetServiceOptions.defaults())),
            registry,
            storeSeenByService.apply(blobs),
            copies,
            transfers.apply(
                new TransferSettings(blobs.parts(), Optional.empty(), UPLOAD_TTL, PART_BYTES)),
            new Placement(List.of(vmRoot), Clock.systemUTC()),
            builds,
            executor,
            new RegistryClock(),
            failPoints);
    module.leadershipListener().onLeaderReady(LEADER_TERM);
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .executor(executor);
    module.services().forEach(builder::addService);
    for (BindableService service : more) {
      builder.addService(service);
    }
    server = builder.build().start();
    channel = NettyChannelBuilder.forAddress("127.0.0.1", server.getPort()).usePlaintext().build();
  }

  private static AssetServiceOptions small(AssetServiceOptions options) {
    return new AssetServiceOptions(
        options.backend(),
        1 << 20,
        Duration.ofSeconds(10),
        options.uploadIdleTimeout(),
        options.maxUploads(),
        options.garbage(),
        options.prepare(),
        options.leases());
  }

  /** Has this node lead in another term. */
  void lead(long term) {
    registry.beginTerm(term);
    module.leadershipListener().onLeaderReady(term);
  }

  int port() {
    return server.getPort();
  }

  ManagedChannel channel() {
    return channel;
  }

  AssetManagerServiceBlockingStub stub() {
    return AssetManagerServiceGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  LeaseServiceBlockingStub leases() {
    return LeaseServiceGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  LeaseServiceBlockingStub leasesWithHeader(String name, String value) {
    return leases()
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(header(name, value)));
  }

  AssetManagerServiceBlockingStub stubWithHeader(String name, String value) {
    return stub().withInterceptors(MetadataUtils.newAttachHeadersInterceptor(header(name, value)));
  }

  static Metadata header(String name, String value) {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value);
    return headers;
  }

  static UploadAssetMetadata.Builder kernel(String name) {
    return UploadAssetMetadata.newBuilder().setName(name).setType(AssetType.ASSET_TYPE_KERNEL);
  }

  static UploadAssetMetadata.Builder rootfs(String name) {
    return UploadAssetMetadata.newBuilder().setName(name).setType(AssetType.ASSET_TYPE_ROOTFS);
  }

  /** Uploads bytes in chunks of 1000. */
  Asset upload(UploadAssetMetadata.Builder metadata, byte[] bytes) {
    return send(new Metadata(), messages(metadata.build(), bytes)).getAsset();
  }

  static UploadAssetRequest[] messages(UploadAssetMetadata metadata, byte[] bytes) {
    Stream<UploadAssetRequest> first =
        Stream.of(UploadAssetRequest.newBuilder().setMetadata(metadata).build());
    Stream<UploadAssetRequest> chunks =
        Stream.iterate(0, from -> from < bytes.length, from -> from + 1000)
            .map(from -> Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + 1000)))
            .map(ServiceFixture::chunk);
    return Stream.concat(first, chunks).toArray(UploadAssetRequest[]::new);
  }

  static UploadAssetRequest chunk(byte[] bytes) {
    return UploadAssetRequest.newBuilder().setChunk(ByteString.copyFrom(bytes)).build();
  }

  /** Sends a whole stream; throws what the call fails with. */
  UploadAssetResponse send(Metadata headers, UploadAssetRequest... messages) {
    CompletableFuture<UploadAssetResponse> response = new CompletableFuture<>();
    StreamObserver<UploadAssetRequest> stream = open(headers, response);
    for (UploadAssetRequest message : messages) {
      stream.onNext(message);
    }
    stream.onCompleted();
    try {
      return response.get(20, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw (StatusRuntimeException) e.getCause();
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError("no answer to an upload", e);
    }
  }

  StreamObserver<UploadAssetRequest> open(
      Metadata headers, CompletableFuture<UploadAssetResponse> response) {
    return AssetManagerServiceGrpc.newStub(channel)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
        .uploadAsset(
            new StreamObserver<>() {
              @Override
              public void onNext(UploadAssetResponse message) {
                response.complete(message);
              }

              @Override
              public void onError(Throwable failure) {
                response.completeExceptionally(failure);
              }

              @Override
              public void onCompleted() {}
            });
  }

  /** All files below the blob directory, those in staging too, as relative paths. */
  List<String> filesInStore() {
    List<String> found = new ArrayList<>();
    try {
      Files.walkFileTree(
          blobDirectory,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              found.add(blobDirectory.relativize(file).toString());
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure)
                throws IOException {
              if (failure instanceof NoSuchFileException) {
                return FileVisitResult.CONTINUE; // it has just been deleted
              }
              throw failure;
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    found.sort(Comparator.naturalOrder());
    return found;
  }

  /** Puts a file into the store behind the service's back. */
  void plant(String location, byte[] bytes) {
    try {
      Path file = blobDirectory.resolve(location);
      Files.createDirectories(file.resolve("..").normalize());
      Files.write(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void assertNothingLeft() {
    Assertions.assertThat(filesInStore()).as("files below the blob directory").isEmpty();
    Assertions.assertThat(registry.everything()).as("assets in the registry").isEmpty();
  }

  /** The names of the fields that an error is about. */
  static List<String> fields(StatusRuntimeException failure) {
    Status status = StatusProto.fromThrowable(failure);
    return status.getDetailsList().stream()
        .filter(detail -> detail.is(BadRequest.class))
        .flatMap(detail -> violations(detail).stream())
        .toList();
  }

  private static List<String> violations(Any detail) {
    try {
      return detail.unpack(BadRequest.class).getFieldViolationsList().stream()
          .map(BadRequest.FieldViolation::getField)
          .toList();
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  static byte[] bytes(int size, int seed) {
    byte[] bytes = new byte[size];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  static String sha256(byte[] bytes) {
    return Hashing.sha256().hashBytes(bytes).toString();
  }

  @Override
  public void close() {
    channel.shutdownNow();
    try {
      channel.awaitTermination(5, TimeUnit.SECONDS);
      server.shutdown().awaitTermination(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    server.shutdownNow();
    module.close();
    builds.close();
    executor.shutdownNow();
    registry.close();
  }

  /** Wall time as the registry's stamps have it. */
  private final class RegistryClock extends Clock {
    @Override
    public ZoneOffset getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return Instant.ofEpochMilli(registry.wallMillis());
    }
  }
}
