package dev.assetmanagerd.storage.http;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Which network addresses a source may connect to: public ones, and private ones where allowed.
 *
 * <p>After the registries of special-purpose addresses (RFC 6890). Of IPv6, only what is assigned
 * for the public is public, so that what is defined in the future is refused at first. Addresses
 * that carry an IPv4 address inside count as that one, or not at all.
 */
final class AddressRules {
  private enum Use {
    PRIVATE("a private address"),
    LOOPBACK("an address of this host"),
    NEVER("no address that a source may have");

    private final String text;

    Use(String text) {
      this.text = text;
    }
  }

  /** All addresses that begin with the given bits. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, never changed
  private record Range(byte[] prefix, int bits, Use use) {
    static Range of(String address, int bits, Use use) {
      return new Range(bytesOf(address), bits, use);
    }

    boolean contains(byte[] address) {
      if (address.length != prefix.length) {
        return false;
      }
      int whole = bits / Byte.SIZE;
      if (!Arrays.equals(address, 0, whole, prefix, 0, whole)) {
        return false;
      }
      int rest = bits % Byte.SIZE;
      return rest == 0 || ((address[whole] ^ prefix[whole]) & 0xff) >>> (Byte.SIZE - rest) == 0;
    }
  }

  private static final List<Range> SPECIAL_IPV4 =
      List.of(
          Range.of("0.0.0.0", 8, Use.NEVER),
          Range.of("10.0.0.0", 8, Use.PRIVATE),
          Range.of("100.64.0.0", 10, Use.PRIVATE), // carrier-grade NAT
          Range.of("127.0.0.0", 8, Use.LOOPBACK),
          Range.of("169.254.0.0", 16, Use.NEVER), // link-local, with the metadata services
          Range.of("172.16.0.0", 12, Use.PRIVATE),
          Range.of("192.0.0.0", 24, Use.NEVER),
          Range.of("192.0.2.0", 24, Use.NEVER), // documentation
          Range.of("192.88.99.0", 24, Use.NEVER), // 6to4 relays
          Range.of("192.168.0.0", 16, Use.PRIVATE),
          Range.of("198.18.0.0", 15, Use.NEVER), // benchmarks
          Range.of("198.51.100.0", 24, Use.NEVER), // documentation
          Range.of("203.0.113.0", 24, Use.NEVER), // documentation
          Range.of("224.0.0.0", 3, Use.NEVER)); // multicast, reserved, broadcast

  private static final List<Range> SPECIAL_IPV6 =
      List.of(
          Range.of("::1", 128, Use.LOOPBACK),
          Range.of("fc00::", 7, Use.PRIVATE), // unique-local
          Range.of("2001::", 23, Use.NEVER), // protocol assignments, Teredo
          Range.of("2001:db8::", 32, Use.NEVER), // documentation
          Range.of("2002::", 16, Use.NEVER), // 6to4
          Range.of("3fff::", 20, Use.NEVER)); // documentation

  private static final Range PUBLIC_IPV6 = Range.of("2000::", 3, Use.NEVER);

  /** IPv4 through a translator: the last four bytes are where it goes. */
  private static final Range NAT64 = Range.of("64:ff9b::", 96, Use.NEVER);

  private static final int IPV4_BYTES = 4;

  private final boolean allowPrivate;

  AddressRules(boolean allowPrivate) {
    this.allowPrivate = allowPrivate;
  }

  /** Why the address must not be connected to; empty when it may. Names no address. */
  Optional<String> objection(InetAddress address) {
    return use(address.getAddress())
        .filter(use -> use == Use.NEVER || !allowPrivate)
        .map(use -> use.text);
  }

  private static Optional<Use> use(byte[] address) {
    if (address.length == IPV4_BYTES) {
      return special(SPECIAL_IPV4, address);
    }
    if (NAT64.contains(address)) {
      return use(Arrays.copyOfRange(address, address.length - IPV4_BYTES, address.length));
    }
    Optional<Use> special = special(SPECIAL_IPV6, address);
    return special.isPresent() || PUBLIC_IPV6.contains(address) ? special : Optional.of(Use.NEVER);
  }

  private static Optional<Use> special(List<Range> ranges, byte[] address) {
    return ranges.stream().filter(range -> range.contains(address)).map(Range::use).findFirst();
  }

  private static byte[] bytesOf(String literal) {
    try {
      return InetAddress.getByName(literal).getAddress();
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(literal, e);
    }
  }
}
