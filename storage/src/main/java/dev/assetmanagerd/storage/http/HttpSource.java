package dev.assetmanagerd.storage.http;

import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.http.HttpExchanges.Answer;
import dev.assetmanagerd.storage.http.HttpSourceException.Kind;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.random.RandomGenerator;
import javax.net.ssl.SSLContext;
import org.apache.hc.client5.http.utils.DateUtils;

/**
 * Objects at HTTP addresses, as blobs to be read. A location is a URL; the one in {@link BlobStat}
 * is in its normal form.
 *
 * <p>A location that must not be asked, or leads to where it must not, is an {@link
 * dev.assetmanagerd.storage.blob.InvalidLocationException}; a source that fails, an {@link
 * HttpSourceException}. Nothing here vouches for content: whoever reads compares the digest.
 * Thread-safe; blocks for I/O.
 */
public final class HttpSource implements BlobReader, AutoCloseable {
  /** Answers of servers that do not like being asked with HEAD. */
  private static final Set<Integer> NO_HEAD = Set.of(400, 403, 405, 501);

  private final HttpExchanges exchanges;

  /** Spreads the repetitions of many readers. */
  private final RandomGenerator jitter = new Random();

  /** A source that trusts the certificate authorities of the Java runtime. */
  public HttpSource(HttpSourceOptions options) {
    this(options, InetAddress::getAllByName, new AddressRules(options.allowPrivate()), systemTls());
  }

  HttpSource(
      HttpSourceOptions options, CheckedResolver.Names names, AddressRules rules, SSLContext tls) {
    this(options, new CheckedResolver(names, rules::objection), tls);
  }

  HttpSource(HttpSourceOptions options, CheckedResolver resolver, SSLContext tls) {
    this.exchanges = new HttpExchanges(options, resolver, tls);
  }

  @Override
  public Optional<BlobStat> stat(String location) throws IOException {
    HttpLocation parsed = exchanges.parse(location);
    try {
      HttpVersion version = ask(parsed);
      return Optional.of(
          new BlobStat(parsed.toString(), version.sizeBytes(), time(version.lastModified())));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  @Override
  public ReadableByteChannel open(String location, long offset) throws IOException {
    if (offset < 0) {
      throw new IllegalArgumentException("offset " + offset);
    }
    return HttpBody.open(exchanges, exchanges.parse(location), offset, Long.MAX_VALUE, jitter);
  }

  @Override
  public ReadableByteChannel open(String location, long offset, long length) throws IOException {
    if (offset < 0 || length < 0) {
      throw new IllegalArgumentException("offset " + offset + ", length " + length);
    }
    long end = length > Long.MAX_VALUE - offset ? Long.MAX_VALUE : offset + length;
    return HttpBody.open(exchanges, exchanges.parse(location), offset, end, jitter);
  }

  /** Always empty: what is far away has to be fetched. */
  @Override
  public Optional<Path> localFile(String location) throws IOException {
    if (stat(location).isEmpty()) {
      throw new NoSuchFileException(exchanges.parse(location).shown());
    }
    return Optional.empty();
  }

  private HttpVersion ask(HttpLocation location) throws IOException {
    try (Answer answer = exchanges.send("HEAD", location, Map.of())) {
      OptionalLong length = HttpVersion.length(answer);
      if (answer.status() == 200 && length.isPresent()) {
        return HttpVersion.of(answer, length.getAsLong());
      }
      if (answer.status() != 200 && !NO_HEAD.contains(answer.status())) {
        throw HttpExchanges.failure(answer);
      }
    }
    try (Answer answer = exchanges.send("GET", location, Map.of("Range", "bytes=0-0"))) {
      OptionalLong size =
          switch (answer.status()) {
            case 200 -> HttpVersion.length(answer);
            case 206, 416 -> HttpVersion.total(answer);
            default -> throw HttpExchanges.failure(answer);
          };
      return HttpVersion.of(
          answer,
          size.orElseThrow(
              () ->
                  new HttpSourceException(
                      Kind.REFUSED, location, "does not say how many bytes it has", null)));
    }
  }

  private static Instant time(String lastModified) {
    Instant time = DateUtils.parseStandardDate(lastModified);
    return time == null ? Instant.EPOCH : time;
  }

  private static SSLContext systemTls() {
    try {
      return SSLContext.getDefault();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has TLS", e);
    }
  }

  @Override
  public void close() {
    exchanges.close();
  }
}
