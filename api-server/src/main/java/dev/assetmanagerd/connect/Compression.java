package dev.assetmanagerd.connect;

import io.grpc.Status;
import io.grpc.StatusException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/** The message encodings this server speaks, and how the two sides agree on one. */
enum Compression {
  IDENTITY("identity") {
    @Override
    byte[] compress(byte[] message) {
      return message;
    }

    @Override
    byte[] decompress(byte[] message, int maxBytes) {
      return message;
    }
  },

  GZIP("gzip") {
    @Override
    byte[] compress(byte[] message) {
      ByteArrayOutputStream out = new ByteArrayOutputStream(Math.max(64, message.length / 2));
      try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
        gzip.write(message);
      } catch (IOException impossible) {
        throw new UncheckedIOException(impossible);
      }
      return out.toByteArray();
    }

    @Override
    byte[] decompress(byte[] message, int maxBytes) throws StatusException {
      if (message.length == 0) {
        return message;
      }
      try (GZIPInputStream gzip = new GZIPInputStream(new ByteArrayInputStream(message))) {
        byte[] plain = gzip.readNBytes(maxBytes);
        if (plain.length == maxBytes && gzip.read() >= 0) {
          throw Status.RESOURCE_EXHAUSTED
              .withDescription(
                  "message is larger than the limit of " + maxBytes + " bytes when decompressed")
              .asException();
        }
        return plain;
      } catch (IOException malformed) {
        throw Status.INVALID_ARGUMENT
            .withDescription("decompress gzip message: " + malformed.getMessage())
            .asException();
      }
    }
  };

  /** What a server tells its callers it can read. */
  static final String ADVERTISED = GZIP.token;

  /** Below this, gzip makes messages larger and costs time. */
  private static final int SMALLEST_WORTH_COMPRESSING_BYTES = 1024;

  /** What deflate can do at best, rounded up. */
  private static final int MAX_GZIP_RATIO = 1_040;

  private final String token;

  Compression(String token) {
    this.token = token;
  }

  String token() {
    return token;
  }

  abstract byte[] compress(byte[] message);

  /** Expands a message, and never holds more than {@code maxBytes} of it, however much it hides. */
  abstract byte[] decompress(byte[] message, int maxBytes) throws StatusException;

  /**
   * The most that {@code decompress} may hold, which no more than a thousandfold can come out of.
   */
  int mostBytes(int compressedBytes, int maxBytes) {
    return (int) Math.min(maxBytes, (long) compressedBytes * MAX_GZIP_RATIO);
  }

  /** Wraps a message for the wire, compressed where that is agreed upon and worth it. */
  Envelope pack(byte[] message) {
    return this == IDENTITY || message.length < SMALLEST_WORTH_COMPRESSING_BYTES
        ? new Envelope(0, message)
        : new Envelope(Envelope.COMPRESSED, compress(message));
  }

  /** Which encoding the request's messages have; null or empty means none. */
  static Compression ofRequest(@Nullable String token) throws StatusException {
    if (token == null || token.isEmpty() || token.equalsIgnoreCase(IDENTITY.token)) {
      return IDENTITY;
    }
    if (token.equalsIgnoreCase(GZIP.token)) {
      return GZIP;
    }
    throw Status.UNIMPLEMENTED
        .withDescription("unknown compression \"" + token + "\": supported encodings are gzip")
        .asException();
  }

  /**
   * Picks the encoding of the response from the client's list, its favourite first. A client that
   * sends no list can read what it sends.
   */
  static Compression ofResponse(@Nullable String accepted, Compression request) {
    if (accepted == null) {
      return request;
    }
    for (String offer : accepted.split(",", -1)) {
      int parameters = offer.indexOf(';');
      String name = (parameters < 0 ? offer : offer.substring(0, parameters)).trim();
      if (parameters >= 0 && offer.substring(parameters).replace(" ", "").equals(";q=0")) {
        continue;
      }
      if (name.equalsIgnoreCase(IDENTITY.token)) {
        return IDENTITY;
      }
      if (name.equalsIgnoreCase(GZIP.token)) {
        return GZIP;
      }
    }
    return IDENTITY;
  }
}
