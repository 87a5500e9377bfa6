package dev.assetmanagerd.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.cluster.ReplicaVerdict.Replica;
import dev.assetmanagerd.cluster.v1.CheckClusterResponse.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReplicaVerdictTest {
  /** Hashes of voters in order, a dot for none; after a slash those of listeners. */
  @ParameterizedTest
  @CsvSource({
    "a,      EQUAL,      a, ''",
    "aaa,    EQUAL,      a, ''",
    "aa.,    INCOMPLETE, a, ''",
    "a..,    INCOMPLETE, '', ''",
    "...,    INCOMPLETE, '', ''",
    "aab,    DEVIATING,  a, 3",
    "baa,    DEVIATING,  a, 1",
    "ab.,    UNDECIDED,  '', ''",
    "ab,     UNDECIDED,  '', ''",
    "abc,    UNDECIDED,  '', ''",
    "aabbc,  UNDECIDED,  '', ''",
    "aaabc,  DEVIATING,  a, 45",
    "aaa.b,  DEVIATING,  a, 5",
    "aa..b,  UNDECIDED,  '', ''",
    "aaa/a,  EQUAL,      a, ''",
    "aaa/b,  DEVIATING,  a, 4",
    "aaa/.,  INCOMPLETE, a, ''",
    "a/bbbb, DEVIATING,  a, 2345",
    "ab/bb,  UNDECIDED,  '', ''",
    ".a/bb,  UNDECIDED,  '', ''"
  })
  void moreThanHalfOfTheVotersDecide(
      String hashes, String verdict, String majority, String deviating) {
    List<Replica> replicas = new ArrayList<>();
    boolean voter = true;
    for (int i = 0; i < hashes.length(); i++) {
      char hash = hashes.charAt(i);
      if (hash == '/') {
        voter = false;
      } else {
        replicas.add(
            new Replica(
                Integer.toString(replicas.size() + 1),
                voter,
                hash == '.' ? Optional.empty() : Optional.of(Character.toString(hash))));
      }
    }

    ReplicaVerdict judged = ReplicaVerdict.of(replicas);

    assertThat(judged.verdict()).isEqualTo(Verdict.valueOf("VERDICT_" + verdict));
    assertThat(judged.majorityHash().orElse("")).isEqualTo(majority);
    assertThat(String.join("", judged.deviating().stream().sorted().toList())).isEqualTo(deviating);
  }
}
