package dev.assetmanagerd.cluster;

import dev.assetmanagerd.cluster.v1.UpgradeClusterResponse;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.FormatLevelRaised;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.RaiseFormatLevel;
import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.node.v1.ProposeRequest;
import dev.assetmanagerd.registry.FormatLevels;
import io.grpc.Deadline;
import io.grpc.Status;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Raises the format level of the registry once every member runs a program that knows the new one:
 * a member that does not would have to stop at the command. For the leader. Thread-safe.
 */
public final class FormatUpgrade {
  private static final Logger log = LoggerFactory.getLogger(FormatUpgrade.class);

  private final MemberStatuses members;
  private final LocalNode node;

  /**
   * @param members whom to ask
   * @param node this one, which has to lead
   */
  public FormatUpgrade(MemberStatuses members, LocalNode node) {
    this.members = members;
    this.node = node;
  }

  /**
   * Raises the level to {@link FormatLevels#HIGHEST}.
   *
   * @return fails with FAILED_PRECONDITION, saying who does not know the level or does not answer
   */
  CompletableFuture<UpgradeClusterResponse> upgrade(Deadline deadline) {
    return members
        .ask(false)
        .thenCompose(
            statuses -> {
              String obstacles = obstacles(statuses);
              return obstacles.isEmpty()
                  ? raise(deadline).thenApply(raised -> response(raised, statuses))
                  : CompletableFuture.failedFuture(
                      Status.FAILED_PRECONDITION
                          .withDescription(
                              "the format level stays as it is, since not all members know level %d: %s"
                                  .formatted(FormatLevels.HIGHEST, obstacles))
                          .asRuntimeException());
            });
  }

  private CompletableFuture<FormatLevelRaised> raise(Deadline deadline) {
    Command command =
        Command.newBuilder()
            .setRequestId(UUID.randomUUID().toString())
            .setRaiseFormatLevel(RaiseFormatLevel.newBuilder().setLevel(FormatLevels.HIGHEST))
            .build();
    return node.propose(ProposeRequest.newBuilder().addCommands(command).build(), deadline)
        .thenApply(response -> raised(response.getOutcomes(0)));
  }

  private static FormatLevelRaised raised(Outcome outcome) {
    if (outcome.hasRejection()) {
      throw Status.FAILED_PRECONDITION
          .withDescription(outcome.getRejection().getMessage())
          .asRuntimeException();
    }
    FormatLevelRaised raised = outcome.getFormatLevelRaised();
    if (raised.getLevel() > raised.getFromLevel()) {
      log.info("format level raised from {} to {}", raised.getFromLevel(), raised.getLevel());
    }
    return raised;
  }

  private static UpgradeClusterResponse response(
      FormatLevelRaised raised, List<NodeStatus> statuses) {
    return UpgradeClusterResponse.newBuilder()
        .setFromFormatLevel(raised.getFromLevel())
        .setFormatLevel(raised.getLevel())
        .addAllNodes(statuses)
        .build();
  }

  /** Who stands in the way, and why; empty when nobody does. */
  private static String obstacles(List<NodeStatus> statuses) {
    return statuses.stream()
        .filter(status -> status.getFormatLevelMax() < FormatLevels.HIGHEST)
        .map(FormatUpgrade::obstacle)
        .collect(Collectors.joining("; "));
  }

  private static String obstacle(NodeStatus status) {
    if (status.getRole().equals(MemberStatuses.UNREACHABLE)) {
      return "node %s (%s) does not answer: %s"
          .formatted(status.getNodeId(), status.getApiAddress(), status.getError());
    }
    return "node %s (%s) runs version %s, which knows levels up to %d"
        .formatted(
            status.getNodeId(),
            status.getApiAddress(),
            status.getVersion(),
            Math.max(FormatLevels.BASE, status.getFormatLevelMax()));
  }
}
