package dev.assetmanagerd.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.node.v1.NodeServiceGrpc;
import dev.assetmanagerd.node.v1.ReadCachedBlobChunk;
import dev.assetmanagerd.node.v1.ReadCachedBlobRequest;
import dev.assetmanagerd.raft.PeerSpec;
import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.cache.BlobCache;
import dev.assetmanagerd.storage.cache.BlobCacheOptions;
import dev.assetmanagerd.storage.cache.BlobSource;
import dev.assetmanagerd.storage.cache.PinnedBlobs;
import dev.assetmanagerd.storage.cache.WantedBlob;
import dev.assetmanagerd.tls.ChannelSecurity;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a node makes of the answers of another, over a real connection. */
class PeerBlobsTest {
  private static final int SIZE = 16 << 20;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final AtomicLong nanos = new AtomicLong();
  private final byte[] content = new byte[SIZE];
  private volatile Status answer = Status.NOT_FOUND;
  private final CountDownLatch asked = new CountDownLatch(1);
  private volatile Optional<CachedBlobStreams> streams = Optional.empty();
  private Server server;
  private NodeLinks links;
  private PeerBlobs peers;
  private Sha256 digest;

  @BeforeEach
  void start() throws IOException {
    new Random(1).nextBytes(content);
    digest = Hashing.sha256(Channels.newChannel(new ByteArrayInputStream(content))).digest();
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(new Peer())
            .build()
            .start();
    links =
        new NodeLinks(
            List.of(new PeerSpec("n2", "127.0.0.1:1", "127.0.0.1:" + server.getPort())),
            ChannelSecurity.PLAIN);
    peers = new PeerBlobs(links, nanos::get);
  }

  @AfterEach
  void stop() {
    threads.shutdownNow();
    links.close();
    server.shutdownNow();
  }

  @Test
  void aPeerThatLacksABlobIsAskedForTheNext() {
    answer = Status.NOT_FOUND;
    assertThatExceptionOfType(NoSuchFileException.class).isThrownBy(this::open);
    assertThat(peers.of(digest)).hasSize(1);
  }

  @Test
  void aPeerThatIsBusyCountsAsLackingTheBlobAndIsAskedForTheNext() {
    answer = Status.RESOURCE_EXHAUSTED;
    assertThatExceptionOfType(NoSuchFileException.class).isThrownBy(this::open);
    assertThat(peers.of(digest)).hasSize(1);
  }

  @Test
  void aPeerThatFailsIsNotAskedForAWhile() {
    answer = Status.UNAVAILABLE;
    assertThatExceptionOfType(NoSuchFileException.class).isThrownBy(this::open);
    assertThat(peers.of(digest)).isEmpty();

    nanos.addAndGet(Duration.ofSeconds(30).toNanos());
    assertThat(peers.of(digest)).hasSize(1);
  }

  @Test
  void thatTheOneWhoAsksIsInterruptedIsNotThePeersFault() throws Exception {
    answer = Status.OK; // after which nothing comes
    Future<ReadableByteChannel> asking = threads.submit(this::open);
    assertThat(asked.await(10, TimeUnit.SECONDS)).isTrue();

    threads.shutdownNow();

    assertThatExceptionOfType(ExecutionException.class)
        .isThrownBy(() -> asking.get(10, TimeUnit.SECONDS))
        .withCauseInstanceOf(ClosedByInterruptException.class);
    assertThat(peers.of(digest)).hasSize(1);
  }

  @Test
  void aReaderThatTakesAllGetsAllAndOneThatTakesNothingIsCut(@TempDir Path temp) throws Exception {
    try (BlobCache cache = filled(temp)) {
      CachedBlobStreams serving =
          new CachedBlobStreams(Optional.of(cache), Duration.ofMillis(1500));
      streams = Optional.of(serving);
      try (ReadableByteChannel channel = open()) {
        assertThat(Hashing.sha256(channel)).isEqualTo(new Hashing.Content(SIZE, digest));
      }

      try (ReadableByteChannel channel = open()) {
        assertThat(serving.running()).isEqualTo(1);
        await().atMost(20, TimeUnit.SECONDS).until(() -> serving.running() == 0);
        assertThatIOException()
            .isThrownBy(() -> Hashing.sha256(channel))
            .withMessageContaining("nothing was taken for 1500 ms");
      }
    }
  }

  private BlobCache filled(Path directory) throws IOException {
    BlobCache cache =
        BlobCache.open(
            BlobCacheOptions.of(directory, 2L * SIZE, 1, Duration.ofSeconds(30)),
            PinnedBlobs.NONE,
            Clock.systemUTC());
    cache.hold(new WantedBlob(digest, SIZE, List.of(new Store())), Duration.ofSeconds(30)).close();
    return cache;
  }

  private ReadableByteChannel open() throws IOException {
    return peers.of(digest).get(0).open(0, SIZE);
  }

  private final class Store implements BlobSource {
    @Override
    public String name() {
      return "store";
    }

    @Override
    public ReadableByteChannel open(long offset, long length) {
      return Channels.newChannel(new ByteArrayInputStream(content, (int) offset, (int) length));
    }
  }

  private final class Peer extends NodeServiceGrpc.NodeServiceImplBase {
    @Override
    public void readCachedBlob(
        ReadCachedBlobRequest request, StreamObserver<ReadCachedBlobChunk> reply) {
      asked.countDown();
      if (streams.isPresent()) {
        streams.get().serve(request, (ServerCallStreamObserver<ReadCachedBlobChunk>) reply);
      } else if (!answer.isOk()) {
        reply.onError(answer.asRuntimeException());
      }
    }
  }
}
