package dev.assetmanagerd.storage.cache;

import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.storage.blob.Sha256;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** A cache in a directory, with small ranges and short patience. */
final class CacheFixture implements AutoCloseable {
  static final Duration LONG = Duration.ofSeconds(30);

  final Set<Sha256> leased = ConcurrentHashMap.newKeySet();
  final Path directory;

  /** Runs when files were chosen to be evicted, and before they are. */
  volatile Runnable beforeEviction = () -> {};

  private final long maxBytes;
  private final int concurrency;
  private final int waiting;
  private final Duration fetchTimeout;
  private final Duration stallTimeout;
  BlobCache cache;

  CacheFixture(Path directory, long maxBytes) throws IOException {
    this(directory, maxBytes, 4, 64, LONG);
  }

  CacheFixture(Path directory, long maxBytes, int concurrency, int waiting, Duration fetchTimeout)
      throws IOException {
    this(directory, maxBytes, concurrency, waiting, fetchTimeout, Duration.ofMillis(300));
  }

  CacheFixture(
      Path directory,
      long maxBytes,
      int concurrency,
      int waiting,
      Duration fetchTimeout,
      Duration stallTimeout)
      throws IOException {
    this.stallTimeout = stallTimeout;
    this.directory = directory;
    this.maxBytes = maxBytes;
    this.concurrency = concurrency;
    this.waiting = waiting;
    this.fetchTimeout = fetchTimeout;
    this.cache = open(maxBytes);
  }

  private BlobCache open(long limit) throws IOException {
    return BlobCache.open(
        new BlobCacheOptions(
            directory, limit, concurrency, waiting, fetchTimeout, stallTimeout, 64 * 1024, 3),
        digests -> {
          beforeEviction.run();
          return Set.copyOf(digests.stream().filter(leased::contains).toList());
        },
        Clock.systemUTC());
  }

  void restart() throws IOException {
    cache.close();
    cache = open(maxBytes);
  }

  LocalBlob hold(byte[] content, BlobSource... sources) throws IOException {
    return cache.hold(wanted(content, sources), LONG);
  }

  /** Whether it is being fetched, or waits in line for it. */
  boolean isAskedFor(byte[] content) throws IOException {
    long joins = cache.counters().joins();
    try {
      cache.hold(wanted(content, TestSource.good(content)), Duration.ZERO).close();
    } catch (InterruptedIOException e) {
      return cache.counters().joins() > joins;
    }
    return false;
  }

  /** Holds what is there already. */
  LocalBlob holdThere(byte[] content) {
    try {
      return hold(content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Has it fetched and lets go of it. */
  void fill(byte[] content) throws IOException {
    hold(content, TestSource.good(content)).close();
  }

  static WantedBlob wanted(byte[] content, BlobSource... sources) {
    return new WantedBlob(digest(content), content.length, List.of(sources));
  }

  static byte[] content(int seed, int size) {
    byte[] content = new byte[size];
    new Random(seed).nextBytes(content);
    return content;
  }

  static Sha256 digest(byte[] content) {
    try {
      return Hashing.sha256(Channels.newChannel(new ByteArrayInputStream(content))).digest();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  Path file(byte[] content) {
    return directory.toAbsolutePath().resolve(digest(content).location());
  }

  /** Files that are neither blobs nor the cache's own. */
  List<Path> leftovers() throws IOException {
    return files("partial");
  }

  List<Path> quarantined() throws IOException {
    return files("quarantine");
  }

  private List<Path> files(String name) throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve(name))) {
      return new ArrayList<>(files.toList());
    }
  }

  @Override
  public void close() {
    cache.close();
  }
}
