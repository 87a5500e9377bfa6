package dev.assetmanagerd.clustertests;

import dev.assetmanagerd.cluster.v1.ClusterServiceGrpc;
import dev.assetmanagerd.cluster.v1.GetClusterStatusRequest;
import dev.assetmanagerd.cluster.v1.GetClusterStatusResponse;
import dev.assetmanagerd.clustertests.network.Host;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One node of a {@link TestCluster}: where it is, and how to talk to it. It keeps its ports and
 * directories while its process comes and goes.
 *
 * <p>Asking is thread-safe; starting and ending is {@link TestCluster}'s.
 */
public final class Node {
  private static final Duration PROBE_MAX = Duration.ofSeconds(2);
  private static final int MESSAGE_MAX_BYTES = 16 << 20;

  private final String id;
  private final Host host;
  private final Path directory;
  private final HttpClient http;
  private final Encryption encryption;
  private final ManagedChannel channel;
  private final FailPointFiles failPoints;
  private final WallClock wallClock;
  private volatile @Nullable ChildProcess process;

  Node(String id, Host host, Path directory, HttpClient http, Encryption encryption) {
    this.id = id;
    this.host = host;
    this.directory = directory;
    this.http = http;
    this.encryption = encryption;
    this.failPoints = new FailPointFiles(directory);
    this.wallClock = new WallClock(directory.resolve("wall-clock"));
    this.channel = newChannel();
  }

  /** Its name in the cluster, {@code n1} and so on. */
  public String id() {
    return id;
  }

  /** Where it runs. */
  public Host host() {
    return host;
  }

  /** Port of the API. */
  public int apiPort() {
    return host.apiPort();
  }

  /** {@code host:port} of the API. */
  public String apiAddress() {
    return host.apiAddress();
  }

  /** The API, or a path below it such as {@code /readyz}. */
  public URI uri(String path) {
    return URI.create(encryption.scheme() + "://" + apiAddress() + path);
  }

  /** A client of HTTP/1.1 for it and its companions, shared by all callers. */
  public HttpClient http() {
    return http;
  }

  /** Port of metrics and health on loopback. */
  public int metricsPort() {
    return host.metricsPort();
  }

  /** Its private files: registry, log, spool. */
  public Path dataDirectory() {
    return directory.resolve("data");
  }

  /** Everything it printed, over all its starts. */
  public Path logFile() {
    return directory.resolve("node.log");
  }

  /**
   * A channel to it whose calls wait, as long as their deadlines allow, for a node that is just
   * coming up; shared by all callers; it survives restarts of the node.
   */
  public Channel channel() {
    return ClientInterceptors.intercept(failFastChannel(), new WaitingForReady());
  }

  /** The same for callers who would rather ask another node than wait for this one. */
  public ManagedChannel failFastChannel() {
    channel.resetConnectBackoff();
    return channel;
  }

  /** A channel of the caller's own, who closes it. */
  public ManagedChannel newChannel() {
    return encryption
        .secure(NettyChannelBuilder.forAddress(host.address(), host.apiPort()))
        .maxInboundMessageSize(MESSAGE_MAX_BYTES)
        .build();
  }

  /** Whether its process runs. */
  public boolean isRunning() {
    ChildProcess running = process;
    return running != null && running.isRunning();
  }

  /** Whether its process runs and was not paused, so that it can be expected to answer. */
  public boolean isResponsive() {
    ChildProcess running = process;
    return running != null && running.isRunning() && !running.isPaused();
  }

  /** Process id; fails while it does not run. */
  public long pid() {
    return requireProcess().pid();
  }

  /** Whether it says that it is ready; false also when it does not answer. */
  public boolean isReady() {
    HttpRequest request = HttpRequest.newBuilder(uri("/readyz")).timeout(PROBE_MAX).build();
    try {
      return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException notYet) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Whether its API answers, ready or not. */
  public boolean isAnswering() {
    HttpRequest request = HttpRequest.newBuilder(uri("/livez")).timeout(PROBE_MAX).build();
    try {
      return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException notYet) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** What its wall clock says, in whole seconds; empty when it does not answer. */
  public Optional<Instant> wallTime() {
    HttpRequest request = HttpRequest.newBuilder(uri("/livez")).timeout(PROBE_MAX).build();
    try {
      return http.send(request, HttpResponse.BodyHandlers.discarding())
          .headers()
          .firstValue("date")
          .map(date -> Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(date)));
    } catch (IOException silent) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /**
   * The cluster as this node sees it.
   *
   * @throws io.grpc.StatusRuntimeException when it does not answer within ten seconds
   */
  public GetClusterStatusResponse clusterStatus(boolean withStateHash) {
    return ClusterServiceGrpc.newBlockingStub(failFastChannel())
        .withDeadlineAfter(10, TimeUnit.SECONDS)
        .getClusterStatus(
            GetClusterStatusRequest.newBuilder().setIncludeStateHash(withStateHash).build());
  }

  /** {@code id=raftHost:raftPort/apiHost:apiPort}, as the configuration lists it. */
  String peerEntry() {
    return id + "=" + host.raftAddress() + "/" + apiAddress();
  }

  Path directory() {
    return directory;
  }

  FailPointFiles failPoints() {
    return failPoints;
  }

  WallClock wallClock() {
    return wallClock;
  }

  void start(List<String> command, java.util.Map<String, String> environment) {
    if (isRunning()) {
      throw new IllegalStateException(id + " runs already");
    }
    process = ChildProcess.start(id, command, environment, logFile());
  }

  ChildProcess requireProcess() {
    ChildProcess running = process;
    if (running == null) {
      throw new IllegalStateException(id + " was never started");
    }
    return running;
  }

  /** The last lines it printed. */
  String logTail(int lines) {
    try {
      List<String> all = java.nio.file.Files.readAllLines(logFile());
      return String.join("\n", all.subList(Math.max(0, all.size() - lines), all.size()));
    } catch (java.nio.file.NoSuchFileException none) {
      return "(no log)";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void close() {
    ChildProcess running = process;
    if (running != null) {
      running.close();
    }
    channel.shutdownNow();
  }

  @Override
  public String toString() {
    return id + "@" + apiAddress();
  }
}
