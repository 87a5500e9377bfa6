package dev.assetmanagerd.storage.http;

import dev.assetmanagerd.storage.blob.InvalidLocationException;
import dev.assetmanagerd.storage.http.CheckedResolver.ForbiddenAddressException;
import dev.assetmanagerd.storage.http.HttpSourceException.Kind;
import java.io.IOException;
import java.net.UnknownHostException;
import java.nio.file.NoSuchFileException;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.config.TlsConfig;
import org.apache.hc.client5.http.impl.DefaultSchemePortResolver;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManager;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.impl.routing.DefaultRoutePlanner;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.io.SocketConfig;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;

/**
 * Requests and their answers, over redirects that are followed one by one: each goes through all
 * checks again. Proxies of the environment, cookies and passwords are not used. Thread-safe.
 */
final class HttpExchanges implements AutoCloseable {
  private static final int MAX_REDIRECTS = 5;

  private final HostList hosts;
  private final boolean allowPlain;
  private final Duration answerTimeout;
  private final CloseableHttpClient client;
  private final ScheduledExecutorService watchdog;

  HttpExchanges(HttpSourceOptions options, CheckedResolver resolver, SSLContext tls) {
    this.hosts = HostList.parse(options.hosts());
    this.allowPlain = options.allowPlain();
    this.answerTimeout = options.answerTimeout();
    this.client = client(options, resolver, tls);
    this.watchdog =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "http-source-watchdog");
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * The head of an answer, with the body still to be read.
   *
   * @param location what answered, after redirects
   */
  record Answer(HttpLocation location, HttpUriRequestBase request, ClassicHttpResponse response)
      implements AutoCloseable {
    int status() {
      return response.getCode();
    }

    /** The value of a header, empty where there is none. */
    String header(String name) {
      Header header = response.getFirstHeader(name);
      return header == null || header.getValue() == null ? "" : header.getValue();
    }

    /** Ends the transfer; what has not been read is not read. */
    @Override
    public void close() {
      request.abort();
      try {
        response.close();
      } catch (IOException e) {
        // The connection is gone, which is what was wanted.
      }
    }
  }

  HttpLocation parse(String location) throws InvalidLocationException {
    return HttpLocation.parse(location, hosts, allowPlain);
  }

  /** Sends a request. The caller closes the answer, whatever its status is. */
  Answer send(String method, HttpLocation location, Map<String, String> headers)
      throws IOException {
    HttpLocation target = location;
    long endNanos = System.nanoTime() + answerTimeout.toNanos();
    for (int redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      Answer answer = sendOnce(method, target, headers, endNanos - System.nanoTime());
      String next = isRedirect(answer.status()) ? answer.header("Location") : "";
      if (!isRedirect(answer.status())) {
        return answer;
      }
      answer.close();
      if (next.isEmpty()) {
        throw new HttpSourceException(Kind.REFUSED, target, "redirects to nowhere", null);
      }
      target = target.redirected(next, hosts, allowPlain);
    }
    throw new HttpSourceException(
        Kind.REFUSED, location, "redirects more than " + MAX_REDIRECTS + " times", null);
  }

  private Answer sendOnce(
      String method, HttpLocation target, Map<String, String> headers, long nanos)
      throws IOException {
    HttpUriRequestBase request = new HttpUriRequestBase(method, target.uri());
    headers.forEach(request::setHeader);
    request.setHeader("Accept-Encoding", "identity");
    HttpHost host = new HttpHost(target.uri().getScheme(), target.host(), target.port());
    AtomicBoolean late = new AtomicBoolean();
    ScheduledFuture<?> alarm =
        watchdog.schedule(
            () -> {
              late.set(true);
              request.abort();
            },
            Math.max(0, nanos),
            TimeUnit.NANOSECONDS);
    try {
      return new Answer(target, request, client.executeOpen(host, request, null));
    } catch (ForbiddenAddressException e) {
      throw new InvalidLocationException(target.shown(), String.valueOf(e.getMessage()));
    } catch (UnknownHostException e) {
      throw unavailable(target, "has a host that cannot be found", e);
    } catch (IOException e) {
      if (isDistrusted(e)) {
        throw new HttpSourceException(
            Kind.REFUSED, target, "has a certificate that is not trusted: " + e.getMessage(), e);
      }
      throw unavailable(
          target,
          late.get()
              ? "did not answer within " + answerTimeout.toMillis() + " ms"
              : "cannot be reached: " + e.getMessage(),
          e);
    } finally {
      alarm.cancel(false);
    }
  }

  private static boolean isDistrusted(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof CertificateException || cause instanceof SSLPeerUnverifiedException) {
        return true;
      }
    }
    return false;
  }

  /** What an answer without the object means. */
  static IOException failure(Answer answer) {
    int status = answer.status();
    HttpLocation location = answer.location();
    return switch (status) {
      case 404, 410 -> new NoSuchFileException(location.shown());
      case 412 -> changed(location);
      case 408, 425, 429, 500, 502, 503, 504 ->
          unavailable(location, "answered with status " + status, null);
      default ->
          new HttpSourceException(Kind.REFUSED, location, "answered with status " + status, null);
    };
  }

  static HttpSourceException unavailable(
      HttpLocation location, String reason, @Nullable IOException cause) {
    return new HttpSourceException(Kind.UNAVAILABLE, location, reason, cause);
  }

  static HttpSourceException changed(HttpLocation location) {
    return new HttpSourceException(Kind.CHANGED, location, "has another content now", null);
  }

  private static boolean isRedirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  }

  private static CloseableHttpClient client(
      HttpSourceOptions options, CheckedResolver resolver, SSLContext tls) {
    Timeout connect = Timeout.of(options.connectTimeout());
    Timeout idle = Timeout.of(options.idleTimeout());
    PoolingHttpClientConnectionManager connections =
        PoolingHttpClientConnectionManagerBuilder.create()
            .setDnsResolver(resolver)
            .setTlsSocketStrategy(new DefaultClientTlsStrategy(tls))
            .setMaxConnTotal(options.maxConnections())
            .setMaxConnPerRoute(options.maxConnections())
            .setDefaultSocketConfig(SocketConfig.custom().setSoTimeout(idle).build())
            .setDefaultTlsConfig(TlsConfig.custom().setHandshakeTimeout(connect).build())
            .setDefaultConnectionConfig(
                ConnectionConfig.custom().setConnectTimeout(connect).setSocketTimeout(idle).build())
            .build();
    return HttpClients.custom()
        .setConnectionManager(connections)
        .setRoutePlanner(new DefaultRoutePlanner(DefaultSchemePortResolver.INSTANCE))
        .setDefaultRequestConfig(
            RequestConfig.custom()
                .setConnectionRequestTimeout(connect)
                .setResponseTimeout(idle)
                .build())
        .setUserAgent("assetmanagerd")
        .disableRedirectHandling()
        .disableAutomaticRetries()
        .disableContentCompression()
        .disableCookieManagement()
        .disableAuthCaching()
        .build();
  }

  @Override
  public void close() {
    watchdog.shutdownNow();
    try {
      client.close();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
