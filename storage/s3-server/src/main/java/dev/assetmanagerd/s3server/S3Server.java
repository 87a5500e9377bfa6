package dev.assetmanagerd.s3server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * A real S3 server, Adobe's S3Mock, on a port of the loopback interface, without TLS, taking any
 * credentials. Path-style addresses only. Starting takes some seconds: share one, with a bucket for
 * each test. Thread-safe.
 */
public final class S3Server implements AutoCloseable {
  private static final Duration START_LIMIT = Duration.ofSeconds(60);
  private static final Pattern STARTED = Pattern.compile("Tomcat started on ports? (\\d+) ");
  private static final int IO_LIMIT_MILLIS = 10_000;

  private final ServerProcess process;
  private final URI endpoint;

  private S3Server(ServerProcess process, URI endpoint) {
    this.process = process;
    this.endpoint = endpoint;
  }

  /** Starts a server of one's own, which is quick to start and no more. */
  public static S3Server start() throws IOException {
    return start(List.of("-Xmx384m", "-XX:TieredStopAtLevel=1"));
  }

  /** Starts a server of one's own, with these arguments for its JVM. */
  public static S3Server start(List<String> jvmArguments) throws IOException {
    Path directory = Files.createTempDirectory("s3-server");
    List<String> args =
        List.of(
            "--server.address=127.0.0.1",
            "--server.port=0",
            "--server.ssl.enabled=false",
            "--http.port=0", // a second port that it insists on; nobody uses it
            "--spring.main.banner-mode=off",
            "--logging.level.root=WARN",
            "--logging.level.org.springframework.boot.tomcat.TomcatWebServer=INFO",
            "--com.adobe.testing.s3mock.store.root=" + directory.resolve("data"));
    ServerProcess process =
        ServerProcess.start(
            directory,
            jvmArguments,
            "s3mock.classpath",
            "com.adobe.testing.s3mock.S3MockApplication",
            args);
    String port = process.awaitLine(STARTED, START_LIMIT);
    return new S3Server(process, URI.create("http://127.0.0.1:" + port));
  }

  /** The one server that tests in this JVM share; it ends with the JVM. Do not close it. */
  public static S3Server shared() {
    return Shared.SERVER;
  }

  /** Where it listens, without a path. */
  public URI endpoint() {
    return endpoint;
  }

  /** Makes a bucket of a name that no other test has. */
  public String newBucket() throws IOException {
    String name = "b-" + UUID.randomUUID();
    createBucket(name);
    return name;
  }

  /**
   * Makes a bucket.
   *
   * @throws IOException when it exists, or the name is not one of a bucket
   */
  public void createBucket(String name) throws IOException {
    HttpURLConnection request =
        (HttpURLConnection) endpoint.resolve("/" + name).toURL().openConnection();
    request.setRequestMethod("PUT");
    request.setConnectTimeout(IO_LIMIT_MILLIS);
    request.setReadTimeout(IO_LIMIT_MILLIS);
    if (request.getResponseCode() != HttpURLConnection.HTTP_OK) {
      throw new IOException("making bucket " + name + ": HTTP " + request.getResponseCode());
    }
  }

  /** Kills the server and deletes all that it kept. */
  @Override
  public void close() {
    process.close();
  }

  private static final class Shared {
    static final S3Server SERVER = startShared();

    private static S3Server startShared() {
      try {
        S3Server server = start();
        Runtime.getRuntime().addShutdownHook(new Thread(server::close, "s3-server-stop"));
        return server;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
