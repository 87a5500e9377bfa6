package dev.assetmanagerd.asset;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketAddress;
import java.net.SocketException;
import org.jspecify.annotations.Nullable;

/** Tells callers on this node's own host from others, by the address they connect from. */
final class OwnHost {
  private OwnHost() {}

  /** Whether an address is loopback or one of this host's. Asks the system each time. */
  static boolean contains(@Nullable SocketAddress caller) {
    if (!(caller instanceof InetSocketAddress internet) || internet.getAddress() == null) {
      return false;
    }
    InetAddress address = internet.getAddress();
    if (address.isLoopbackAddress()) {
      return true;
    }
    try {
      return NetworkInterface.getByInetAddress(address) != null;
    } catch (SocketException e) {
      return false;
    }
  }
}
