package dev.assetmanagerd.connect;

import io.grpc.Metadata;
import io.grpc.Status;
import java.nio.charset.StandardCharsets;
import java.util.function.BiConsumer;

/** How gRPC and gRPC-Web write the outcome of a call. */
final class GrpcTrailers {
  private GrpcTrailers() {}

  static void forEach(Status status, Metadata trailers, BiConsumer<String, String> out) {
    out.accept("grpc-status", Integer.toString(status.getCode().value()));
    String message = status.getDescription();
    if (message != null) {
      out.accept("grpc-message", percentEncoded(message));
    }
    byte[] details = trailers.get(MetadataHeaders.STATUS_DETAILS);
    if (details != null) {
      out.accept(MetadataHeaders.STATUS_DETAILS.name(), MetadataHeaders.base64(details));
    }
    MetadataHeaders.forEach(trailers, out);
  }

  private static String percentEncoded(String message) {
    StringBuilder encoded = new StringBuilder(message.length() + 16);
    for (byte b : message.getBytes(StandardCharsets.UTF_8)) {
      if (b < ' ' || b > '~' || b == '%') {
        encoded.append('%');
        encoded.append(Character.toUpperCase(Character.forDigit((b >> 4) & 0xf, 16)));
        encoded.append(Character.toUpperCase(Character.forDigit(b & 0xf, 16)));
      } else {
        encoded.append((char) b);
      }
    }
    return encoded.toString();
  }
}
