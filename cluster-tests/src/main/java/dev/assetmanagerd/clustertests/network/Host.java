package dev.assetmanagerd.clustertests.network;

import java.util.List;

/**
 * Where one node runs.
 *
 * @param name of the host
 * @param address that the node and whoever calls it use
 * @param raftHost by which other members know it; where it differs from the address, something is
 *     between them
 * @param enter what to put before a command so that it runs there; empty on loopback
 */
public record Host(
    String name,
    String address,
    String raftHost,
    int apiPort,
    int raftPort,
    int metricsPort,
    List<String> enter) {
  /** Copies the list. */
  public Host {
    enter = List.copyOf(enter);
  }

  /** {@code host:port} of the API. */
  public String apiAddress() {
    return address + ":" + apiPort;
  }

  /** {@code host:port} that other members' Raft traffic goes to. */
  public String raftAddress() {
    return raftHost + ":" + raftPort;
  }
}
