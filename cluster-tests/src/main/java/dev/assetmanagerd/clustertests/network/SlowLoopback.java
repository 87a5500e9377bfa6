package dev.assetmanagerd.clustertests.network;

import com.google.common.net.InetAddresses;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * All hosts are this machine, and what members send each other goes over lines that can be made
 * slow: each host is known to the others by an address of loopback that is only such a line.
 * Thread-safe.
 */
public final class SlowLoopback implements Network {
  private static final String ADDRESS = "127.0.0.1";
  private static final String LINE_ADDRESS = "127.0.1.1";

  private final FreePorts ports = new FreePorts();
  private final Map<String, SlowLine> lines = new ConcurrentHashMap<>();

  /** Takes nothing yet. */
  public SlowLoopback() {}

  @Override
  public Host newHost(String name) {
    Host host =
        new Host(name, ADDRESS, LINE_ADDRESS, ports.next(), ports.next(), ports.next(), List.of());
    try {
      lines.put(
          name,
          SlowLine.open(
              new InetSocketAddress(InetAddresses.forString(LINE_ADDRESS), host.raftPort()),
              new InetSocketAddress(InetAddresses.forString(ADDRESS), host.raftPort()),
              System::nanoTime));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return host;
  }

  /** What is sent to a host, and what it answers there, takes so much longer from now on. */
  public void delay(String host, Duration delay) {
    SlowLine line = lines.get(host);
    if (line == null) {
      throw new IllegalArgumentException("no host " + host + " among " + lines.keySet());
    }
    line.delay(delay.toNanos());
  }

  /** All are as fast as can be. */
  public void heal() {
    lines.values().forEach(line -> line.delay(0));
  }

  @Override
  public void close() {
    lines.values().forEach(SlowLine::close);
    ports.close();
  }
}
