package dev.assetmanagerd.clustertests.network;

import com.google.protobuf.ByteString;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * A line to one address that can be made slow: whatever goes either way arrives later by some time,
 * in order, as over a long distance. Thread-safe.
 */
final class SlowLine implements AutoCloseable {
  private static final int CHUNK = 1 << 16;

  /** Chunks on the way; a full line is read from no further, as a full window would do. */
  private static final int ON_THE_WAY_MAX = 512;

  private static final int CONNECT_MAX_MILLIS = 5_000;

  private final InetSocketAddress to;
  private final ServerSocket server;
  private final LongSupplier nanoClock;
  private final Set<Closeable> open = ConcurrentHashMap.newKeySet();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile long delayNanos;

  private record Chunk(ByteString bytes, long dueNanos) {}

  private SlowLine(ServerSocket server, InetSocketAddress to, LongSupplier nanoClock) {
    this.server = server;
    this.to = to;
    this.nanoClock = nanoClock;
  }

  /** Listens; nothing is delayed yet. */
  static SlowLine open(InetSocketAddress from, InetSocketAddress to, LongSupplier nanoClock)
      throws IOException {
    ServerSocket server = new ServerSocket();
    server.bind(from);
    SlowLine line = new SlowLine(server, to, nanoClock);
    line.threads.execute(line::accept);
    return line;
  }

  /** What is sent from now on takes so much longer, each way. */
  void delay(long nanos) {
    delayNanos = nanos;
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket caller = server.accept();
        open.add(caller);
        threads.execute(() -> connect(caller));
      } catch (IOException closed) {
        // accept fails when the line is closed, and there is nobody to tell
      }
    }
  }

  private void connect(Socket caller) {
    Socket callee = new Socket();
    open.add(callee);
    try {
      callee.connect(to, CONNECT_MAX_MILLIS);
      caller.setTcpNoDelay(true);
      callee.setTcpNoDelay(true);
      carry(caller, callee);
      carry(callee, caller);
    } catch (IOException nobody) {
      hangUp(caller, callee);
    }
  }

  private void carry(Socket from, Socket into) {
    BlockingQueue<Chunk> onTheWay = new ArrayBlockingQueue<>(ON_THE_WAY_MAX);
    threads.execute(() -> read(from, into, onTheWay));
    threads.execute(() -> write(from, into, onTheWay));
  }

  private void read(Socket from, Socket into, BlockingQueue<Chunk> onTheWay) {
    byte[] buffer = new byte[CHUNK];
    try {
      InputStream in = from.getInputStream();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        onTheWay.put(
            new Chunk(ByteString.copyFrom(buffer, 0, n), nanoClock.getAsLong() + delayNanos));
      }
      onTheWay.put(new Chunk(ByteString.EMPTY, nanoClock.getAsLong() + delayNanos));
    } catch (IOException gone) {
      hangUp(from, into);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      hangUp(from, into);
    }
  }

  private void write(Socket from, Socket into, BlockingQueue<Chunk> onTheWay) {
    try {
      OutputStream out = into.getOutputStream();
      for (Chunk chunk = onTheWay.take(); !chunk.bytes().isEmpty(); chunk = onTheWay.take()) {
        var unused = closed.await(chunk.dueNanos() - nanoClock.getAsLong(), TimeUnit.NANOSECONDS);
        chunk.bytes().writeTo(out);
      }
    } catch (IOException gone) {
      // Both ends are hung up below.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    hangUp(from, into);
  }

  private void hangUp(Socket... sockets) {
    for (Socket socket : sockets) {
      open.remove(socket);
      closeQuietly(socket);
    }
  }

  private static void closeQuietly(Closeable end) {
    try {
      end.close();
    } catch (IOException e) {
      // It is gone either way.
    }
  }

  @Override
  public void close() {
    closed.countDown();
    closeQuietly(server);
    threads.shutdownNow();
    open.forEach(SlowLine::closeQuietly);
  }
}
