package dev.assetmanagerd.clustertests.network;

/** Makes the hosts of one cluster, one for each node; closing it takes them away. */
public sealed interface Network extends AutoCloseable permits Loopback, Namespaces, SlowLoopback {
  /** One more host, reachable from here and from the others. */
  Host newHost(String name);

  @Override
  void close();
}
