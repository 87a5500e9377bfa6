package dev.assetmanagerd.clustertests.network;

import java.util.List;

/** All hosts are this machine; their ports differ, and nothing is between them to be cut. */
public final class Loopback implements Network {
  private static final String ADDRESS = "127.0.0.1";

  private final FreePorts ports = new FreePorts();

  /** Takes nothing yet. */
  public Loopback() {}

  @Override
  public Host newHost(String name) {
    return new Host(name, ADDRESS, ADDRESS, ports.next(), ports.next(), ports.next(), List.of());
  }

  @Override
  public void close() {
    ports.close();
  }
}
