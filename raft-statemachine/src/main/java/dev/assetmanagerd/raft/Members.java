package dev.assetmanagerd.raft;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Raft's configuration at one moment.
 *
 * @param all ordered by id; while a change is under way, who is in the old or in the new one
 * @param index of the log entry that says so; -1 for the configuration that a node starts with
 * @param settled false while a change is under way
 */
public record Members(List<Member> all, long index, boolean settled) {
  public Members {
    all = all.stream().sorted(Comparator.comparing(Member::id)).toList();
  }

  /** The member of this id. */
  public Optional<Member> find(String id) {
    return all.stream().filter(member -> member.id().equals(id)).findFirst();
  }

  /**
   * Whether a node is in a configuration that is younger than a log index.
   *
   * @param behind the index; -1 for any that has ever been agreed on
   */
  boolean addedSince(long behind, String id) {
    return index >= 0 && index > behind && find(id).isPresent();
  }

  /** Those that vote. */
  public List<Member> voters() {
    return all.stream().filter(Member::voter).toList();
  }

  /** Who and where they are. */
  public List<PeerSpec> peers() {
    return all.stream().map(Member::peer).toList();
  }
}
