package dev.assetmanagerd.clustertests.bench;

import dev.assetmanagerd.clustertests.ClusterOptions;
import dev.assetmanagerd.clustertests.TestCluster;
import dev.assetmanagerd.clustertests.client.SampleAssets;
import dev.assetmanagerd.lease.v1.AcquireLeasesRequest;
import dev.assetmanagerd.lease.v1.KeepSessionRequest;
import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.lease.v1.LeaseServiceGrpc;
import dev.assetmanagerd.lease.v1.LeaseServiceGrpc.LeaseServiceBlockingStub;
import dev.assetmanagerd.lease.v1.OpenSessionRequest;
import dev.assetmanagerd.lease.v1.RenewLeasesRequest;
import dev.assetmanagerd.node.v1.WriteCounters;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What it costs to keep the leases of many hosts alive: by one call per host for its session, by
 * one call per host that names its leases, and by one call per lease.
 */
final class KeepaliveBench {
  private static final int HOSTS = 100;
  private static final int LEASES_PER_HOST = 40;
  private static final Duration INTERVAL = Duration.ofSeconds(10);
  private static final Duration TTL = Duration.ofMinutes(10);

  private final BenchOptions options;
  private final Report report;

  KeepaliveBench(BenchOptions options, Report report) {
    this.options = options;
    this.report = report;
  }

  /** What one host holds, once in a session and once without. */
  private record Host(String sessionId, List<String> leaseIds) {}

  /** The call with this number; the numbers go round. */
  private interface Keepalive {
    void begin(int number, StreamObserver<Object> done);
  }

  void run() throws InterruptedException {
    report.heading("Keeping leases alive, three nodes");
    report.line(
        "%d hosts with %d leases each; every host calls every %d s; the calls spread evenly.",
        HOSTS, LEASES_PER_HOST, INTERVAL.toSeconds());
    ClusterOptions three =
        ClusterOptions.of(3, options.directory().resolve("keepalive"))
            .withJvm(options.jvmArguments());
    try (TestCluster cluster = TestCluster.start(three)) {
      List<String> assets = SampleAssets.create(cluster.leader(), "keep", LEASES_PER_HOST);
      ManagedChannel channel = cluster.leader().newChannel();
      List<Host> hosts = new ArrayList<>();
      for (int i = 0; i < HOSTS; i++) {
        hosts.add(host(LeaseServiceGrpc.newBlockingStub(channel), i, assets));
      }
      table(cluster, channel, hosts);
      channel.shutdownNow();
    }
  }

  private static Host host(LeaseServiceBlockingStub stub, int number, List<String> assets) {
    String name = "host-" + number;
    String session =
        stub.openSession(
                OpenSessionRequest.newBuilder()
                    .setHost(name)
                    .setTtlSeconds(TTL.toSeconds())
                    .build())
            .getSession()
            .getId();
    AcquireLeasesRequest.Builder acquire =
        AcquireLeasesRequest.newBuilder().addAllAssetIds(assets).setAcquiredBy(name);
    var unused = stub.acquireLeases(acquire.clone().setSessionId(session).build());
    List<String> ids =
        stub
            .acquireLeases(acquire.clone().setTtlSeconds(TTL.toSeconds()).build())
            .getLeasesList()
            .stream()
            .map(Lease::getId)
            .toList();
    return new Host(session, ids);
  }

  private void table(TestCluster cluster, ManagedChannel channel, List<Host> hosts)
      throws InterruptedException {
    LeaseServiceGrpc.LeaseServiceStub stub = LeaseServiceGrpc.newStub(channel);
    List<List<String>> rows = new ArrayList<>();
    rows.add(row(cluster, "nothing", 0, (number, done) -> {}));
    rows.add(
        row(
            cluster,
            "one call per host, its session",
            HOSTS,
            (number, done) ->
                stub.keepSession(
                    KeepSessionRequest.newBuilder()
                        .setSessionId(hosts.get(number % HOSTS).sessionId())
                        .build(),
                    untyped(done))));
    rows.add(
        row(
            cluster,
            "one call per host, naming its leases",
            HOSTS,
            (number, done) ->
                stub.renewLeases(
                    RenewLeasesRequest.newBuilder()
                        .addAllLeaseIds(hosts.get(number % HOSTS).leaseIds())
                        .build(),
                    untyped(done))));
    rows.add(
        row(
            cluster,
            "one call per lease",
            HOSTS * LEASES_PER_HOST,
            (number, done) ->
                stub.renewLeases(
                    RenewLeasesRequest.newBuilder().addLeaseIds(leaseId(hosts, number)).build(),
                    untyped(done))));
    report.table(
        List.of(
            "what",
            "calls/s",
            "log entries/s",
            "commands/s",
            "log entries per host and interval",
            "slowest call ms",
            "failed"),
        rows);
  }

  private static String leaseId(List<Host> hosts, int number) {
    return hosts.get(number % HOSTS).leaseIds().get(number / HOSTS % LEASES_PER_HOST);
  }

  private static <T> StreamObserver<T> untyped(StreamObserver<Object> done) {
    return new StreamObserver<>() {
      @Override
      public void onNext(T value) {
        done.onNext(value);
      }

      @Override
      public void onError(Throwable failure) {
        done.onError(failure);
      }

      @Override
      public void onCompleted() {
        done.onCompleted();
      }
    };
  }

  private List<String> row(
      TestCluster cluster, String name, int callsPerInterval, Keepalive keepalive)
      throws InterruptedException {
    AtomicInteger begun = new AtomicInteger();
    AtomicInteger failed = new AtomicInteger();
    AtomicLong slowest = new AtomicLong();
    ScheduledExecutorService pace = Executors.newSingleThreadScheduledExecutor();
    WriteCounters before = counters(cluster);
    long begin = System.nanoTime();
    if (callsPerInterval > 0) {
      var unused =
          pace.scheduleAtFixedRate(
              () -> keepalive.begin(begun.getAndIncrement(), observer(failed, slowest)),
              0,
              INTERVAL.toNanos() / callsPerInterval,
              TimeUnit.NANOSECONDS);
    }
    int intervals = options.rounds();
    var unused =
        new CountDownLatch(1).await(intervals * INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    pace.shutdownNow();
    double seconds = (System.nanoTime() - begin) / 1e9;
    WriteCounters after = counters(cluster);
    long entries = after.getEntries() - before.getEntries();
    return List.of(
        name,
        number(begun.get() / seconds),
        number(entries / seconds),
        number((after.getCommands() - before.getCommands()) / seconds),
        String.format(
            Locale.ROOT, "%.2f", entries / seconds * INTERVAL.toSeconds() / (double) HOSTS),
        number(slowest.get() / 1e6),
        Integer.toString(failed.get()));
  }

  private static StreamObserver<Object> observer(AtomicInteger failed, AtomicLong slowest) {
    long begin = System.nanoTime();
    return new StreamObserver<>() {
      @Override
      public void onNext(Object value) {}

      @Override
      public void onError(Throwable failure) {
        if (failed.getAndIncrement() == 0) {
          System.err.println("a call failed: " + failure);
        }
      }

      @Override
      public void onCompleted() {
        slowest.accumulateAndGet(System.nanoTime() - begin, Math::max);
      }
    };
  }

  private static WriteCounters counters(TestCluster cluster) {
    String leader = cluster.leader().id();
    return cluster.statuses(false).stream()
        .filter(status -> status.getNodeId().equals(leader))
        .findFirst()
        .orElseThrow()
        .getWriteCounters();
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
