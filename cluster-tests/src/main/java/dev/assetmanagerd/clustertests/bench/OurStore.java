package dev.assetmanagerd.clustertests.bench;

import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.storage.s3.S3BlobStore;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/** The product's store: what an upload does after its spool, and ranges as a cache fetches them. */
final class OurStore implements S3Contender, AutoCloseable {
  private static final int BUFFER_BYTES = 256 * 1024;
  private static final long RANGE_BYTES = 16L << 20;

  private final S3BlobStore store;
  private final Hashing.Content content;
  private final int ranges;
  private final ExecutorService threads;

  /**
   * @param content of the file, which an upload knows when its last byte has come
   * @param ranges how many are fetched at a time
   */
  OurStore(S3BlobStore store, Hashing.Content content, int ranges) {
    this.store = store;
    this.content = content;
    this.ranges = ranges;
    this.threads = Executors.newFixedThreadPool(ranges);
  }

  @Override
  public String name() {
    return "assetmanagerd";
  }

  @Override
  public void upload(Path file) throws IOException {
    Path staged = store.stagingDirectory().resolve("staged-bench-" + UUID.randomUUID());
    Files.createLink(staged, file);
    store.put(staged, location(), content.digest(), content.sizeBytes());
  }

  @Override
  public void download(Path target) throws IOException {
    AtomicLong next = new AtomicLong();
    List<Future<?>> running = new ArrayList<>();
    try (FileChannel out =
        FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (int i = 0; i < ranges; i++) {
        running.add(
            threads.submit(
                () -> {
                  for (long at = next.getAndAdd(RANGE_BYTES);
                      at < content.sizeBytes();
                      at = next.getAndAdd(RANGE_BYTES)) {
                    fetch(out, at, Math.min(RANGE_BYTES, content.sizeBytes() - at));
                  }
                  return null;
                }));
      }
      for (Future<?> fetcher : running) {
        fetcher.get();
      }
    } catch (InterruptedException | ExecutionException e) {
      throw new IOException(e);
    }
  }

  private void fetch(FileChannel out, long offset, long length) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    long end = offset + length;
    try (ReadableByteChannel in = store.open(location(), offset, length)) {
      for (long at = offset; at < end; ) {
        buffer.clear().limit((int) Math.min(BUFFER_BYTES, end - at));
        if (in.read(buffer) < 0) {
          throw new EOFException(location() + " ends at " + at);
        }
        buffer.flip();
        while (buffer.hasRemaining()) {
          at += out.write(buffer, at);
        }
      }
    }
  }

  @Override
  public void delete() throws IOException {
    store.delete(location());
  }

  @Override
  public void close() {
    threads.shutdown();
    store.close();
  }

  private String location() {
    return content.digest().location();
  }
}
