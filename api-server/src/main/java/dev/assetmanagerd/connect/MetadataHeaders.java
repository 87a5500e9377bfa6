package dev.assetmanagerd.connect;

import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.RequestHeaders;
import io.grpc.Metadata;
import io.netty.util.AsciiString;
import java.util.Base64;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Carries metadata between HTTP headers and gRPC's {@link Metadata}, the same for all protocols.
 */
final class MetadataHeaders {
  /** The key under which gRPC keeps the rich form of an error, a {@code google.rpc.Status}. */
  static final Metadata.Key<byte[]> STATUS_DETAILS =
      Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

  private MetadataHeaders() {}

  /** Reads every request header that metadata can hold; binary values are decoded. */
  static Metadata read(RequestHeaders headers) {
    Metadata metadata = new Metadata();
    for (Map.Entry<AsciiString, String> header : headers) {
      AsciiString name = header.getKey();
      if (name.isEmpty()
          || name.charAt(0) == ':'
          || HttpHeaderNames.CONTENT_LENGTH.contentEquals(name)) {
        continue;
      }
      put(metadata, name.toString(), header.getValue());
    }
    return metadata;
  }

  private static void put(Metadata metadata, String name, String value) {
    try {
      if (name.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
        Metadata.Key<byte[]> key = Metadata.Key.of(name, Metadata.BINARY_BYTE_MARSHALLER);
        for (String part : value.split(",", -1)) {
          metadata.put(key, Base64.getDecoder().decode(part.trim()));
        }
      } else {
        metadata.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value);
      }
    } catch (IllegalArgumentException notMetadata) {
      // HTTP allows names and values that metadata does not; no handler could ask for them.
      return;
    }
  }

  /**
   * Hands out what a handler wants to send, as header name and value; what belongs to a protocol
   * itself is left out.
   */
  static void forEach(@Nullable Metadata metadata, BiConsumer<String, String> out) {
    if (metadata == null) {
      return;
    }
    for (String name : metadata.keys()) {
      if (name.startsWith("grpc-") || name.startsWith("connect-") || name.startsWith(":")) {
        continue;
      }
      if (name.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
        Metadata.Key<byte[]> key = Metadata.Key.of(name, Metadata.BINARY_BYTE_MARSHALLER);
        Iterable<byte[]> values = metadata.getAll(key);
        if (values != null) {
          values.forEach(value -> out.accept(name, base64(value)));
        }
      } else {
        Metadata.Key<String> key = Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
        Iterable<String> values = metadata.getAll(key);
        if (values != null) {
          values.forEach(value -> out.accept(name, printable(value)));
        }
      }
    }
  }

  static boolean isEmpty(@Nullable Metadata metadata) {
    return metadata == null || metadata.keys().isEmpty();
  }

  static String base64(byte[] value) {
    return Base64.getEncoder().withoutPadding().encodeToString(value);
  }

  /** A value with a line break in it would become a header of its own. */
  private static String printable(String value) {
    boolean clean = value.chars().allMatch(c -> c >= ' ' && c <= '~');
    return clean ? value : value.replaceAll("[^ -~]", "?");
  }
}
