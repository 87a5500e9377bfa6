package dev.assetmanagerd.clustertests.chaos.workload;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * What a {@link Workload} does.
 *
 * @param clients how many, each with one call at a time; every second one speaks Connect, the
 *     others gRPC
 * @param assets on how many ids they work
 * @param callsPerSecond of all clients together, where the cluster keeps up; retries not counted
 * @param seed of all choices
 * @param callMax how long one attempt may take
 * @param patience for how long a call is tried again
 * @param jails directory where the nodes may prepare assets, and that the clients see as well;
 *     empty = nothing is prepared
 * @param blobs the store's own directory, where the clients see it; empty = nobody looks whether
 *     what is prepared leaves its source alone
 */
public record WorkloadOptions(
    int clients,
    int assets,
    double callsPerSecond,
    long seed,
    Duration callMax,
    Duration patience,
    Optional<Path> jails,
    Optional<Path> blobs) {
  /** Checks the numbers. */
  public WorkloadOptions {
    if (clients < 1 || assets < Catalogue.GROUP || !(callsPerSecond > 0)) {
      throw new IllegalArgumentException(
          "needs a client, %d assets and a rate: %d, %d, %s"
              .formatted(Catalogue.GROUP, clients, assets, callsPerSecond));
    }
  }

  /** 16 clients on 240 assets with 250 calls a second, nothing prepared. */
  public static WorkloadOptions of(long seed) {
    return new WorkloadOptions(
        16,
        240,
        250,
        seed,
        Duration.ofSeconds(10),
        Duration.ofSeconds(45),
        Optional.empty(),
        Optional.empty());
  }

  /** The same with some more or fewer clients. */
  public WorkloadOptions withClients(int newClients) {
    return new WorkloadOptions(
        newClients, assets, callsPerSecond, seed, callMax, patience, jails, blobs);
  }

  /** The same on more or fewer assets. */
  public WorkloadOptions withAssets(int newAssets) {
    return new WorkloadOptions(
        clients, newAssets, callsPerSecond, seed, callMax, patience, jails, blobs);
  }

  /** The same at another rate. */
  public WorkloadOptions withCallsPerSecond(double newCallsPerSecond) {
    return new WorkloadOptions(
        clients, assets, newCallsPerSecond, seed, callMax, patience, jails, blobs);
  }

  /** The same with other bounds. */
  public WorkloadOptions withBounds(Duration newCallMax, Duration newPatience) {
    return new WorkloadOptions(
        clients, assets, callsPerSecond, seed, newCallMax, newPatience, jails, blobs);
  }

  /** The same with assets prepared into a directory. */
  public WorkloadOptions preparingInto(Path newJails) {
    return new WorkloadOptions(
        clients, assets, callsPerSecond, seed, callMax, patience, Optional.of(newJails), blobs);
  }

  /** The same with the store's directory. */
  public WorkloadOptions withBlobs(Path newBlobs) {
    return new WorkloadOptions(
        clients, assets, callsPerSecond, seed, callMax, patience, jails, Optional.of(newBlobs));
  }
}
