package dev.assetmanagerd.clustertests.chaos.workload;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.api.v1.DeleteAssetResponse;
import dev.assetmanagerd.clustertests.chaos.history.Seen;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

final class CatalogueTest {
  private final Catalogue catalogue = new Catalogue("w", 240, new SplittableRandom(1));

  @Test
  void thereAreAssetsOfEverySortAndOfEachTwoContents() {
    Set<String> sorts =
        catalogue.ids().stream()
            .map(id -> java.util.Objects.requireNonNull(catalogue.find(id)))
            .peek(asset -> assertThat(Set.copyOf(asset.contents())).hasSize(2))
            .map(asset -> asset.uploaded() + " " + asset.steady() + " " + asset.isKernel())
            .collect(Collectors.toSet());
    // Uploaded or not, steady or not, kernel or not.
    assertThat(sorts)
        .contains("false true false", "false false true", "true true false", "true false true");
  }

  @Test
  void someAssetsAreHot() {
    SplittableRandom random = new SplittableRandom(2);
    long first = 0;
    for (int i = 0; i < 10_000; i++) {
      first += catalogue.any(random).id().equals("w-r0") ? 1 : 0;
    }
    assertThat(first).isBetween(300L, 600L);
  }

  @Test
  void aGroupHasOneType() {
    for (int group = 0; group < 20; group++) {
      assertThat(catalogue.idsOfGroup(group))
          .hasSize(Catalogue.GROUP)
          .extracting(id -> java.util.Objects.requireNonNull(catalogue.find(id)).type())
          .containsOnly(
              java.util.Objects.requireNonNull(catalogue.find(catalogue.idsOfGroup(group).get(0)))
                  .type());
    }
  }

  @Test
  void theNumberOfReferencesIsReadFromARefusedDeletion() {
    DeleteAssetResponse refused =
        DeleteAssetResponse.newBuilder()
            .setMessage("asset a has 12 references; release them first, or delete with force")
            .build();
    assertThat(AssetSteps.deleted("a", refused).seen())
        .containsExactly(Seen.available("a", 12, ""));
    assertThat(AssetSteps.deleted("a", refused.toBuilder().setDeleted(true).build()).deleted())
        .isTrue();
  }

  @Test
  void keptLeasesAreReadFromTheirHeader() {
    assertThat(PrepareSteps.leases(Map.of("assetmanager-leases", "a=1, b=2")))
        .containsExactlyInAnyOrderEntriesOf(Map.of("a", "1", "b", "2"));
    assertThat(PrepareSteps.leases(Map.of())).isEmpty();
  }
}
