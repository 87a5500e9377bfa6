package dev.assetmanagerd.clustertests.network;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Hands out loopback ports that nothing listens on, and that no other instance hands out, in this
 * process or another one, until this one is closed.
 *
 * <p>A port that was found free is free only until somebody uses it, and a node that is down must
 * find its own when it comes back. So each instance takes whole blocks of ports, and listens on the
 * first port of each for as long as it lives. Blocks lie below the range from which the kernel
 * takes the local ports of outgoing connections.
 */
public final class FreePorts implements AutoCloseable {
  private static final int LOWEST = 12_000;
  private static final int HIGHEST = 32_000;
  private static final int BLOCK = 20;
  private static final int ATTEMPTS_MAX = 10_000;

  private final List<ServerSocket> held = new ArrayList<>();
  private int next;
  private int blockEnd;

  /** Takes nothing yet. */
  public FreePorts() {}

  /** A port that this instance has not given out before. */
  public synchronized int next() {
    do {
      if (next == blockEnd) {
        takeBlock();
      }
      next++;
    } while (!isFree(next - 1));
    return next - 1;
  }

  /** Whether nothing listens on a port of loopback. */
  public static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(loopback(port));
      return true;
    } catch (IOException taken) {
      return false;
    }
  }

  /** Others may take its ports from now on. */
  @Override
  public synchronized void close() {
    for (ServerSocket socket : held) {
      closeQuietly(socket);
    }
    held.clear();
    next = blockEnd;
  }

  private void takeBlock() {
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      int block = ThreadLocalRandom.current().nextInt((HIGHEST - LOWEST) / BLOCK);
      int first = LOWEST + block * BLOCK;
      if (hold(first)) {
        next = first + 1;
        blockEnd = first + BLOCK;
        return;
      }
    }
    throw new IllegalStateException(
        "no free block of ports between "
            + LOWEST
            + " and "
            + HIGHEST
            + ", "
            + held.size()
            + " held");
  }

  private boolean hold(int port) {
    ServerSocket socket = null;
    try {
      socket = new ServerSocket();
      socket.bind(loopback(port));
      held.add(socket);
      return true;
    } catch (IOException taken) {
      closeQuietly(socket);
      return false;
    }
  }

  private static void closeQuietly(@Nullable ServerSocket socket) {
    try {
      if (socket != null) {
        socket.close();
      }
    } catch (IOException e) {
      // It held a port and nothing else, which the end of the process frees at the latest.
    }
  }

  private static InetSocketAddress loopback(int port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }
}
