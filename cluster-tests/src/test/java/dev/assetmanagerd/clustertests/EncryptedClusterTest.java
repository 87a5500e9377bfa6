package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.clustertests.client.GrpcLeaseClient;
import dev.assetmanagerd.clustertests.client.LeaseAudit;
import dev.assetmanagerd.clustertests.client.LeaseLedger;
import dev.assetmanagerd.clustertests.client.LeaseLoops;
import dev.assetmanagerd.clustertests.client.SampleAssets;
import dev.assetmanagerd.node.v1.NodeStatus;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A cluster with {@code TLS_MODE=file}: who gets in, and certificates that are replaced. */
@Tag("cluster")
@Timeout(180)
final class EncryptedClusterTest {
  private static final int LOOPS = 8;
  private static final Duration TAKEN_MAX = Duration.ofSeconds(30);

  @RegisterExtension final Clusters clusters = new Clusters();
  @TempDir Path directory;

  private final TestAuthority old = new TestAuthority("old");
  private final TestAuthority next = new TestAuthority("next");
  private final TlsClient client = TlsClient.with(old.client("client"), old);

  @Test
  void strangersAreRefusedAndWritesFlowWhileEveryCertificateAndTheAuthorityAreReplaced()
      throws Exception {
    TlsFiles files = new TlsFiles(directory, old, client);
    TestCluster cluster = clusters.start(3, options -> options.withEncryption(files));
    strangersAreRefused(cluster);

    List<String> assets = SampleAssets.create(cluster.follower(), "tls", LOOPS);
    Map<String, Long> terms = terms(cluster);
    List<LeaseLedger> ledgers;
    try (LeaseLoops loops = new LeaseLoops(cluster.nodes(), assets)) {
      loops.start();
      awaitMore(loops);
      replaceAll(cluster, files);
      awaitMore(loops);
      ledgers = loops.stop();
    }
    System.out.println(LeaseAudit.summary(ledgers));

    assertThat(ledgers)
        .allSatisfy(ledger -> assertThat(ledger.failures()).as("failed calls").isEmpty());
    assertThat(LeaseAudit.check(new GrpcLeaseClient(cluster.leader()::channel), ledgers))
        .as("broken promises")
        .isEmpty();
    assertThat(terms(cluster)).as("terms: nobody lost the leader").isEqualTo(terms);
    aNodeThatComesBackIsTakenByTheOthers(cluster, files);
  }

  /** First certificates alone; then the authority, in the three steps that operators are told. */
  private void replaceAll(TestCluster cluster, TlsFiles files) {
    replaceCertificates(cluster, files, old);
    files.write("n1", "key.pem", "nonsense");
    cluster.nodes().forEach(node -> files.trust(node.id(), old, next));
    client.trust(old, next);
    awaitPresent(cluster.nodes().get(0), "THE FORMER CERTIFICATE STAYS IN USE");
    files.issue("n1", old.node("n1"));
    awaitAll(cluster, TlsClient.with(next.node("probe"), old), true);
    replaceCertificates(cluster, files, next);
    client.show(next.client("client"));
    cluster.nodes().forEach(node -> files.trust(node.id(), next));
    awaitAll(cluster, TlsClient.with(old.node("probe"), next), false);
  }

  private void replaceCertificates(TestCluster cluster, TlsFiles files, TestAuthority authority) {
    Map<Node, X509Bundle> issued = new TreeMap<>((a, b) -> a.id().compareTo(b.id()));
    for (Node node : cluster.nodes()) {
      issued.put(node, authority.node(node.id()));
      files.issue(node.id(), issued.get(node));
    }
    TlsClient probe = TlsClient.with(authority.node("probe"), old, next);
    issued.forEach(
        (node, certificate) ->
            awaitBoth(node, probe, shown -> shown.equals(certificate.getCertificate())));
  }

  /** Both ports of all nodes. */
  private static void awaitAll(TestCluster cluster, TlsClient probe, boolean admitted) {
    for (Node node : cluster.nodes()) {
      for (int port : ports(node)) {
        Awaitility.await("%s admits the probe: %s".formatted(node, admitted))
            .atMost(TAKEN_MAX)
            .until(() -> probe.admittedTo(port).isPresent() == admitted);
      }
    }
  }

  private static void awaitBoth(Node node, TlsClient probe, Predicate<X509Certificate> shown) {
    for (int port : ports(node)) {
      Awaitility.await("%s shows its new certificate at port %d".formatted(node, port))
          .atMost(TAKEN_MAX)
          .until(() -> probe.admittedTo(port).filter(shown).isPresent());
    }
  }

  private static int[] ports(Node node) {
    return new int[] {node.apiPort(), node.host().raftPort()};
  }

  private static void awaitPresent(Node node, String text) {
    Awaitility.await("%s says: %s".formatted(node, text))
        .atMost(TAKEN_MAX)
        .until(() -> log(node).contains(text));
  }

  private static String log(Node node) throws IOException {
    return Files.readString(node.logFile());
  }

  private void strangersAreRefused(TestCluster cluster) {
    TestAuthority sameName = new TestAuthority("old");
    Instant now = Instant.now();
    X509Bundle selfSigned =
        TestAuthority.built(
            () ->
                TestAuthority.valid()
                    .subject("CN=n1")
                    .setIsCertificateAuthority(true)
                    .addSanDnsName("n1.nodes.test")
                    .buildSelfSigned());
    X509Bundle expired =
        old.issue(
            certificate ->
                certificate
                    .subject("CN=n1")
                    .addSanDnsName("n1.nodes.test")
                    .notAfter(now.minusSeconds(60)));
    Map<String, TlsClient> strangers =
        Map.of(
            "no certificate", TlsClient.withoutCertificate(old),
            "another authority of the same name", TlsClient.with(sameName.node("n1"), old),
            "self-signed", TlsClient.with(selfSigned, old),
            "expired", TlsClient.with(expired, old));
    TlsClient node = TlsClient.with(old.node("n9"), old);
    for (Node one : cluster.nodes()) {
      int raftPort = one.host().raftPort();
      strangers.forEach(
          (who, stranger) -> {
            assertThat(stranger.admittedTo(one.apiPort())).as("%s, API", who).isEmpty();
            assertThat(stranger.admittedTo(raftPort)).as("%s, Raft", who).isEmpty();
          });
      assertThat(client.admittedTo(one.apiPort())).as("a client, API").isPresent();
      assertThat(client.admittedTo(raftPort)).as("a client, Raft").isEmpty();
      assertThat(node.admittedTo(one.apiPort())).as("a node, API").isPresent();
      assertThat(node.admittedTo(raftPort)).as("a node, Raft").isPresent();
    }
  }

  private void aNodeThatComesBackIsTakenByTheOthers(TestCluster cluster, TlsFiles files)
      throws IOException {
    Node follower = cluster.follower();
    cluster.kill(follower);
    cluster.start(follower);
    cluster.awaitReady();
    cluster.assertReplicasEqual();
    for (Node node : cluster.nodes()) {
      assertThat(log(node)).doesNotContain("BEGIN").doesNotContain("PRIVATE KEY");
    }
    cluster.stop(follower);
    files.trust(follower.id(), old);
    files.issue(follower.id(), TestAuthority.built(() -> expiredOf(old)));
    Ran refused = cluster.run(follower, "serve");
    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.output()).contains("UNKEY_ASSETMANAGERD_TLS_CERT_FILE").contains("expired");
  }

  private static X509Bundle expiredOf(TestAuthority authority) {
    return authority.issue(
        certificate -> certificate.subject("CN=late").notAfter(Instant.now().minusSeconds(60)));
  }

  private static Map<String, Long> terms(TestCluster cluster) {
    Map<String, Long> terms = new TreeMap<>();
    for (NodeStatus status : cluster.statuses(false)) {
      terms.put(status.getNodeId(), status.getTerm());
    }
    assertThat(terms).hasSize(3);
    return terms;
  }

  private static void awaitMore(LeaseLoops loops) {
    long target = loops.acknowledged() + LOOPS * 20L;
    Awaitility.await("writes flow")
        .atMost(Duration.ofSeconds(60))
        .until(() -> loops.acknowledged() >= target);
  }
}
