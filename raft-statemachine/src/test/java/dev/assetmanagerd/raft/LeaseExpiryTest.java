package dev.assetmanagerd.raft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.LeasesExpired;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.node.v1.ProposeResponse;
import dev.assetmanagerd.registry.RegistryException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class LeaseExpiryTest {
  private boolean leading = true;
  private boolean due = true;
  private boolean broken;
  private final List<CompletableFuture<ProposeResponse>> sent = new ArrayList<>();
  private final LeaseExpiry expiry = new LeaseExpiry(() -> leading, query -> due(), this::send);

  private boolean due() {
    if (broken) {
      throw new RegistryException("closed");
    }
    return due;
  }

  private CompletableFuture<ProposeResponse> send(List<Command> commands) {
    assertThat(commands).hasSize(1);
    assertThat(commands.get(0).getExpireLeases().getLimit()).isEqualTo(LeaseExpiry.BATCH);
    var reply = new CompletableFuture<ProposeResponse>();
    sent.add(reply);
    return reply;
  }

  private static ProposeResponse expired(boolean more) {
    return ProposeResponse.newBuilder()
        .addOutcomes(
            Outcome.newBuilder()
                .setLeasesExpired(LeasesExpired.newBuilder().setCount(3).setMore(more)))
        .build();
  }

  @Test
  void nothingIsSentWhileNothingIsDueOrAnotherNodeLeads() {
    due = false;
    expiry.look();
    due = true;
    leading = false;
    expiry.look();
    assertThat(sent).isEmpty();
  }

  @Test
  void oneBatchIsUnderWayAtATime() {
    expiry.look();
    expiry.look();
    assertThat(sent).hasSize(1);

    sent.get(0).complete(expired(false));
    assertThat(sent).as("all were ended").hasSize(1);
    expiry.look();
    assertThat(sent).hasSize(2);
  }

  @Test
  void aFullBatchIsFollowedAtOnceUnlessLeadershipEnded() {
    expiry.look();
    sent.get(0).complete(expired(true));
    assertThat(sent).hasSize(2);

    leading = false;
    sent.get(1).complete(expired(true));
    assertThat(sent).hasSize(2);
  }

  @Test
  void aFailedBatchIsTriedAgainWithTheNextLookAndNotBefore() {
    expiry.look();
    sent.get(0).completeExceptionally(new NotProposedException("no"));
    assertThat(sent).hasSize(1);
    expiry.look();
    assertThat(sent).hasSize(2);
  }

  @Test
  void aRegistryThatCannotBeReadIsAskedAgain() {
    broken = true;
    expiry.look();
    assertThat(sent).isEmpty();
    broken = false;
    expiry.look();
    assertThat(sent).hasSize(1);
  }
}
