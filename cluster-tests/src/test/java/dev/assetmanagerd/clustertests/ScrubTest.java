package dev.assetmanagerd.clustertests;

import static dev.assetmanagerd.clustertests.CacheProbe.CALL_MAX;
import static dev.assetmanagerd.clustertests.CacheProbe.localPath;
import static dev.assetmanagerd.clustertests.CacheProbe.metric;
import static dev.assetmanagerd.clustertests.CacheProbe.received;
import static dev.assetmanagerd.clustertests.CacheProbe.rot;
import static dev.assetmanagerd.clustertests.CacheProbe.sha256;
import static dev.assetmanagerd.clustertests.CacheProbe.upload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.clustertests.client.RandomContent;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Nodes read what is stored again, and make good what has rotted. */
@Tag("cluster")
@Timeout(90)
final class ScrubTest {
  @RegisterExtension final Clusters clusters = new Clusters();

  @Test
  void whatRotsInTheStoreAndInACacheIsFoundAndMadeGoodOfAnotherNodesCopy() throws Exception {
    TestCluster cluster =
        clusters.start(3, options -> CacheProbe.onNfs(options).with("SCRUB_INTERVAL", "1s"));
    RandomContent content = new RandomContent(1, 3 << 20);
    Asset asset = upload(cluster.leader(), "image", content);
    Node holder = cluster.follower();
    Path copy = Path.of(localPath(holder, asset.getId()));
    Path blob = cluster.blobDirectory().resolve(asset.getLocation());

    rot(blob);
    await("the blob is repaired from the copy of a follower")
        .atMost(CALL_MAX)
        .until(() -> store(cluster, "repaired_total") == 1);
    assertThat(sha256(blob)).isEqualTo(content.sha256());
    assertThat(store(cluster, "corrupt_total")).isEqualTo(1);
    assertThat(store(cluster, "unrepaired")).isZero();
    assertThat(received(cluster.leader(), "peer")).isEqualTo(content.size());
    assertThat(cluster.blobDirectory().resolve(".quarantine")).isDirectoryContaining(file -> true);

    rot(copy);
    await("the copy is fetched again")
        .atMost(CALL_MAX)
        .until(() -> metric(holder, "assetmanager_scrub_repaired_total{place=\"cache\"}") == 1);
    assertThat(sha256(copy)).isEqualTo(content.sha256());

    for (Node node : cluster.nodes()) {
      assertThat(sha256(Path.of(localPath(node, asset.getId()))))
          .as("at %s", node)
          .isEqualTo(content.sha256());
    }
    assertThat(Files.readString(holder.logFile())).contains("it is set aside");
    cluster.assertReplicasEqual();
  }

  private static long store(TestCluster cluster, String name) throws Exception {
    return metric(cluster.leader(), "assetmanager_scrub_" + name + "{place=\"store\"}");
  }
}
