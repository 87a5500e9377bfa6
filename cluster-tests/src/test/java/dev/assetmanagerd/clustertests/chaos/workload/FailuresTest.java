package dev.assetmanagerd.clustertests.chaos.workload;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.clustertests.client.CallFailedException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class FailuresTest {
  private static CallFailedException failure(String code, String outcome) {
    return new CallFailedException(code, "whatever", outcome, null);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "invalid_argument",
        "not_found",
        "already_exists",
        "failed_precondition",
        "permission_denied",
        CallFailedException.NOT_CONNECTED
      })
  void aRefusalOrACallThatWasNeverSentHasNoEffect(String code) {
    assertThat(Failures.mayHaveTakenEffect(failure(code, ""))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "unavailable",
        "deadline_exceeded",
        "resource_exhausted",
        "canceled",
        "cancelled",
        "internal",
        "unknown",
        "data_loss",
        "no_answer_in_time",
        "malformed_answer",
        "http_500",
        CallFailedException.CONNECTION_LOST
      })
  void whateverElseGoesWrongMayHaveTakenEffectUnlessTheNodeSaysOtherwise(String code) {
    assertThat(Failures.mayHaveTakenEffect(failure(code, ""))).isTrue();
    assertThat(Failures.mayHaveTakenEffect(failure(code, CallFailedException.UNKNOWN))).isTrue();
    assertThat(Failures.mayHaveTakenEffect(failure(code, CallFailedException.UNCHANGED))).isFalse();
  }

  @Test
  void aRefusalThatCallsItsOutcomeUnknownIsBelieved() {
    assertThat(Failures.mayHaveTakenEffect(failure("not_found", CallFailedException.UNKNOWN)))
        .isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "unavailable,true",
    "deadline_exceeded,true",
    "resource_exhausted,true",
    "not_connected,true",
    "connection_lost,true",
    "no_answer_in_time,true",
    "not_found,false",
    "invalid_argument,false",
    "internal,false",
    "data_loss,false"
  })
  void onlyWhatMayPassIsTriedAgain(String code, boolean again) {
    assertThat(Failures.mayPass(failure(code, ""))).isEqualTo(again);
  }
}
