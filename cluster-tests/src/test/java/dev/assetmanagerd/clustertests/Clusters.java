package dev.assetmanagerd.clustertests;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Starts clusters for tests, shows what their nodes printed when a test fails, and ends them with
 * the test (in a field of the instance) or with the class (in a static field).
 */
final class Clusters
    implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback {
  private static final Path ROOT = Path.of("target", "clusters").toAbsolutePath();

  private final List<TestCluster> open = new ArrayList<>();
  private @Nullable String testName;
  private boolean perClass;
  private boolean failed;

  /** Starts a cluster with the product's defaults. */
  TestCluster start(int nodes) {
    return start(nodes, options -> options);
  }

  /** Starts a cluster with other settings. */
  TestCluster start(int nodes, UnaryOperator<ClusterOptions> change) {
    TestCluster cluster = TestCluster.start(change.apply(ClusterOptions.of(nodes, directory())));
    open.add(cluster);
    return cluster;
  }

  /** A cluster whose nodes the test starts itself. */
  TestCluster prepare(int nodes) {
    TestCluster cluster = TestCluster.prepare(ClusterOptions.of(nodes, directory()));
    open.add(cluster);
    return cluster;
  }

  private Path directory() {
    return ROOT.resolve(testName + "-" + open.size() + "-" + System.nanoTime());
  }

  /** The one cluster of the class, started when it is first asked for; for a static field. */
  TestCluster shared(int nodes, UnaryOperator<ClusterOptions> change) {
    return open.isEmpty() ? start(nodes, change) : open.get(0);
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    perClass = true;
    testName = context.getRequiredTestClass().getSimpleName();
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    if (!perClass) {
      testName =
          context.getRequiredTestClass().getSimpleName()
              + "-"
              + context.getRequiredTestMethod().getName();
    }
  }

  @Override
  public void afterEach(ExtensionContext context) {
    if (context.getExecutionException().isPresent()) {
      failed = true;
      System.out.println("FAILED " + context.getDisplayName());
      open.forEach(cluster -> System.out.println(cluster.evidence()));
    }
    if (!perClass) {
      closeAll();
    }
  }

  @Override
  public void afterAll(ExtensionContext context) {
    closeAll();
  }

  private void closeAll() {
    open.forEach(TestCluster::close);
    if (!failed) {
      open.forEach(TestCluster::discardData);
    }
    open.clear();
  }
}
