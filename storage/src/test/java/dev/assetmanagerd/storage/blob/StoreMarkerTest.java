package dev.assetmanagerd.storage.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoreMarkerTest {
  @TempDir private Path temp;

  private Path root() {
    return temp.resolve("blobs");
  }

  private Path marker() {
    return root().resolve(StoreMarker.NAME);
  }

  @Test
  void aNewStoreIsMarkedAsItsClustersAndOpensAgain() throws IOException {
    open("n1", "prod");
    String marker = Files.readString(marker());

    open("n1", "prod");
    open("n2", "prod");

    assertThat(marker).contains("cluster=prod").contains("format=1");
    assertThat(marker()).hasContent(marker);
    assertThat(root().resolve(".staging")).isEmptyDirectory();
  }

  @Test
  void theStoreOfAnotherClusterIsRefusedAndNothingInItChanged() throws IOException {
    open("n1", "prod");
    Path leftover = root().resolve(".staging").resolve(StagedName.next("n1"));
    Files.writeString(leftover, "an upload that is under way");

    assertThatExceptionOfType(BlobStoreUnavailableException.class)
        .isThrownBy(() -> open("n1", "test"))
        .withMessageContaining(root().toString())
        .withMessageContaining("\"prod\"")
        .withMessageContaining("\"test\"")
        .withMessageContaining(StoreMarker.NAME);

    assertThat(leftover).exists();
    assertThat(marker()).content().contains("cluster=prod");
  }

  @Test
  void aStoreFromBeforeThereWereMarkersGoesOnAndIsMarked() throws IOException {
    Path blob = root().resolve("ab").resolve("ab".repeat(32));
    Files.createDirectories(blob.resolveSibling(""));
    Files.writeString(blob, "x");

    SharedDirectoryBlobStore store = open("n1", "prod");

    assertThat(store.stat("ab/" + "ab".repeat(32))).isPresent();
    assertThat(marker()).content().contains("cluster=prod");
    assertThatExceptionOfType(BlobStoreUnavailableException.class)
        .isThrownBy(() -> open("n1", "test"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "format=2\ncluster=prod\n",
        "format=1\n",
        "cluster=prod\n",
        "format=1\ncluster=\n",
        "format=1\ncluster=\\u00\n",
        "\u0000\u0001"
      })
  void aMarkerThatIsNotUnderstoodIsNotTakenForOurs(String text) throws IOException {
    Files.createDirectory(root());
    Files.writeString(marker(), text);

    assertThatExceptionOfType(BlobStoreUnavailableException.class)
        .isThrownBy(() -> open("n1", "prod"))
        .withMessageContaining("no marker that this version understands");

    assertThat(marker()).hasContent(text);
  }

  @Test
  void neitherADirectoryNorALinkNorAnotherKindOfTextIsAMarker() throws IOException {
    Files.createDirectories(marker());
    assertRefused();
    Files.delete(marker());
    Files.createSymbolicLink(marker(), Files.writeString(temp.resolve("m"), "cluster=prod"));
    assertRefused();
    Files.delete(marker());
    Files.write(marker(), new byte[] {(byte) 0xff, (byte) 0xfe});
    assertRefused();
    Files.write(marker(), new byte[10_000]);
    assertRefused();
  }

  @Test
  void ofTwoClustersThatOpenOneDirectoryAtATimeOneGetsIt() throws Exception {
    for (int round = 0; round < 20; round++) {
      Path directory = temp.resolve("round-" + round);
      CountDownLatch together = new CountDownLatch(2);
      ExecutorService threads = Executors.newFixedThreadPool(2);
      try {
        List<Callable<String>> nodes = new ArrayList<>();
        for (String cluster : List.of("one", "two")) {
          nodes.add(
              () -> {
                together.countDown();
                assertThat(together.await(30, TimeUnit.SECONDS)).isTrue();
                try {
                  SharedDirectoryBlobStore.open(directory, "n1-" + cluster, cluster);
                  return "opened by " + cluster;
                } catch (BlobStoreUnavailableException e) {
                  return "refused";
                }
              });
        }
        List<String> outcomes = new ArrayList<>();
        for (Future<String> outcome : threads.invokeAll(nodes, 60, TimeUnit.SECONDS)) {
          outcomes.add(outcome.get());
        }
        assertThat(outcomes).containsOnlyOnce("refused");
        String winner = Files.readString(directory.resolve(StoreMarker.NAME));
        assertThat(outcomes)
            .contains("opened by " + (winner.contains("cluster=one") ? "one" : "two"));
      } finally {
        threads.shutdownNow();
      }
    }
  }

  @Test
  void noLocationLeadsToTheMarker() throws IOException {
    SharedDirectoryBlobStore store = open("n1", "prod");

    assertThatExceptionOfType(InvalidLocationException.class)
        .isThrownBy(() -> store.stat(StoreMarker.NAME));
    assertThatExceptionOfType(InvalidLocationException.class)
        .isThrownBy(() -> store.delete(StoreMarker.NAME));
    try (Stream<BlobStat> blobs = store.list()) {
      assertThat(blobs).isEmpty();
    }
  }

  @Test
  void aClusterIdThatWouldBreakTheMarkerIsRefused() {
    for (String id : List.of("", " ", "a\nb", "a\0b")) {
      assertThatIllegalArgumentException().isThrownBy(() -> open("n1", id));
    }
  }

  private void assertRefused() {
    assertThatExceptionOfType(BlobStoreUnavailableException.class)
        .isThrownBy(() -> open("n1", "prod"));
  }

  private SharedDirectoryBlobStore open(String nodeId, String clusterId) throws IOException {
    return SharedDirectoryBlobStore.open(root(), nodeId, clusterId);
  }
}
