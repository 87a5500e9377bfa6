package dev.assetmanagerd.storage.cache;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** A source in memory that can be told to misbehave. */
final class TestSource implements BlobSource {
  /** What it does. */
  enum Manner {
    GOOD,
    /** Has no such blob. */
    LACKING,
    /** Fails when it is opened. */
    BROKEN,
    /** Gives a flipped bit in the last byte. */
    LYING,
    /** Ends each stream halfway. */
    CUTTING,
    /** Fails each stream halfway. */
    RESETTING,
    /** Gives nothing until it is let go, or closed. */
    STALLING,
    /** Gives nothing until it is let go, and does not even hear when it is closed. */
    DEAF
  }

  final AtomicInteger opened = new AtomicInteger();
  final AtomicLong given = new AtomicLong();
  final CountDownLatch letGo = new CountDownLatch(1);
  private final String name;
  private final Manner manner;
  private final byte[] content;

  TestSource(String name, Manner manner, byte[] content) {
    this.name = name;
    this.manner = manner;
    this.content = content;
  }

  static TestSource good(byte[] content) {
    return new TestSource("good", Manner.GOOD, content);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public ReadableByteChannel open(long offset, long length) throws IOException {
    opened.incrementAndGet();
    if (manner == Manner.LACKING) {
      throw new NoSuchFileException("nothing in " + name);
    }
    if (manner == Manner.BROKEN) {
      throw new IOException(name + " is broken");
    }
    return new Channel(Math.toIntExact(offset), Math.toIntExact(length));
  }

  private final class Channel implements ReadableByteChannel {
    private final CountDownLatch closed = new CountDownLatch(1);
    private final int end;
    private final int half;
    private int at;

    Channel(int offset, int length) {
      this.at = offset;
      this.end = Math.min(content.length, offset + length);
      this.half = offset + (end - offset) / 2;
    }

    @Override
    public int read(ByteBuffer buffer) throws IOException {
      if (manner == Manner.STALLING || manner == Manner.DEAF) {
        waitToBeLetGo();
      }
      int until = end;
      if (manner == Manner.CUTTING || manner == Manner.RESETTING) {
        until = half;
      }
      if (at >= until) {
        if (manner == Manner.RESETTING && at < end) {
          throw new IOException("connection reset");
        }
        return -1;
      }
      int n = Math.min(Math.min(buffer.remaining(), until - at), 8192);
      byte[] bytes = java.util.Arrays.copyOfRange(content, at, at + n);
      if (manner == Manner.LYING && at + n == content.length) {
        bytes[n - 1] ^= 1;
      }
      buffer.put(bytes);
      at += n;
      given.addAndGet(n);
      return n;
    }

    private void waitToBeLetGo() throws IOException {
      boolean free = false;
      while (!free) {
        try {
          free = letGo.await(5, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
          if (manner == Manner.STALLING) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
          }
        }
        if (manner == Manner.STALLING && closed.getCount() == 0) {
          throw new ClosedChannelException();
        }
      }
    }

    @Override
    public boolean isOpen() {
      return closed.getCount() > 0;
    }

    @Override
    public void close() {
      closed.countDown();
    }
  }
}
