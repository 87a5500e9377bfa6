package dev.assetmanagerd.cluster;

import dev.assetmanagerd.cluster.MembershipException.Rule;
import dev.assetmanagerd.raft.Member;
import dev.assetmanagerd.raft.Members;
import dev.assetmanagerd.raft.PeerSpec;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which changes of the members are allowed.
 *
 * <p>A change is committed by a majority of the old voters and one of the new. Were fewer of the
 * new ones alive than that, the cluster would stand still in the middle of it, so such a change is
 * not begun, whoever asks.
 */
final class MemberRules {
  private MemberRules() {}

  /** Fails unless a new member of this id and these addresses may be among the others. */
  static void mayBeAdded(Members now, PeerSpec node) {
    for (Member member : now.all()) {
      PeerSpec peer = member.peer();
      if (peer.id().equals(node.id()) && !peer.equals(node)) {
        throw new MembershipException(
            Rule.ADDRESS_TAKEN,
            node.id(),
            "%s is a member already, at %s/%s; remove that one first"
                .formatted(node.id(), peer.raftAddress(), peer.apiAddress()));
      }
      if (!peer.id().equals(node.id())
          && Stream.of(peer.raftAddress(), peer.apiAddress())
              .anyMatch(Set.of(node.raftAddress(), node.apiAddress())::contains)) {
        throw new MembershipException(
            Rule.ADDRESS_TAKEN,
            peer.id(),
            "%s uses an address of member %s, %s/%s"
                .formatted(node.id(), peer.id(), peer.raftAddress(), peer.apiAddress()));
      }
    }
  }

  /**
   * The members when one has become a voter.
   *
   * @param answers whether a member answers the leader
   */
  static List<Member> promoted(Members now, Member listener, Predicate<String> answers) {
    List<Member> to = Stream.concat(without(now, listener.id()), voter(listener)).toList();
    requireMajority(to, answers, "with %s as a voter".formatted(listener.id()));
    return to;
  }

  /**
   * The members when one is gone.
   *
   * @param force although the others could then spare none of them
   */
  static List<Member> removed(Members now, Member gone, Predicate<String> answers, boolean force) {
    List<Member> to = without(now, gone.id()).toList();
    if (!gone.voter()) {
      return to;
    }
    List<Member> voters = to.stream().filter(Member::voter).toList();
    if (voters.isEmpty()) {
      throw new MembershipException(
          Rule.LAST_VOTER, gone.id(), "%s is the last voter; it cannot go".formatted(gone.id()));
    }
    requireMajority(to, answers, "without %s".formatted(gone.id()));
    List<String> silent = silent(voters, answers);
    if (!force && !silent.isEmpty() && answers.test(gone.id())) {
      int alive = voters.size() - silent.size();
      if (alive == voters.size() / 2 + 1) {
        throw new MembershipException(
            Rule.MAJORITY,
            gone.id(),
            ("%s answers and %s not: without %s not one more voter could be spared. Remove or"
                    + " replace %s first, or insist (--force)")
                .formatted(
                    gone.id(),
                    silent.size() == 1
                        ? silent.get(0) + " does"
                        : String.join(", ", silent) + " do",
                    gone.id(),
                    String.join(", ", silent)));
      }
    }
    return to;
  }

  /** The members when a listener that has caught up has taken the place of another member. */
  static List<Member> replaced(
      Members now, Member old, Member listener, Predicate<String> answers) {
    List<Member> to =
        Stream.concat(
                without(now, old.id()).filter(member -> !member.id().equals(listener.id())),
                old.voter() ? voter(listener) : Stream.of(listener))
            .toList();
    requireMajority(to, answers, "with %s in place of %s".formatted(listener.id(), old.id()));
    return to;
  }

  private static Stream<Member> voter(Member listener) {
    return Stream.of(new Member(listener.peer(), true));
  }

  private static Stream<Member> without(Members now, String id) {
    return now.all().stream().filter(member -> !member.id().equals(id));
  }

  private static void requireMajority(
      List<Member> members, Predicate<String> answers, String change) {
    List<Member> voters = members.stream().filter(Member::voter).toList();
    List<String> silent = silent(voters, answers);
    int needed = voters.size() / 2 + 1;
    if (voters.size() - silent.size() < needed) {
      throw new MembershipException(
          Rule.MAJORITY,
          String.join(",", silent),
          "%s, %d of %d voters have to answer, and %s do not"
              .formatted(change, needed, voters.size(), String.join(", ", silent)));
    }
  }

  private static List<String> silent(List<Member> voters, Predicate<String> answers) {
    return voters.stream()
        .map(Member::id)
        .filter(answers.negate())
        .sorted()
        .collect(Collectors.toList());
  }
}
