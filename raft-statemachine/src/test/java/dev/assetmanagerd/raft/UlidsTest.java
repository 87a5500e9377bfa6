package dev.assetmanagerd.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class UlidsTest {
  private final Ulids ulids = new Ulids(new Random(7));

  @Test
  void theTimeComesFirst() {
    // The example of the ULID specification: 1469918176385 is 01ARYZ6S41.
    assertThat(ulids.next(1_469_918_176_385L)).startsWith("01ARYZ6S41").hasSize(26);
  }

  @Test
  void idsRiseWithinAMillisecondAndWhenTheClockStepsBack() {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      ids.add(ulids.next(1_700_000_000_000L - i / 100));
    }
    assertThat(ids).isSorted().doesNotHaveDuplicates();
    assertThat(ids).allMatch(id -> id.matches("[0-7][0-9A-HJKMNP-TV-Z]{25}"));
  }
}
