package dev.assetmanagerd.registry;

import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection;
import dev.assetmanagerd.log.v1.Rejection.Rule;

/** Rejections, in one form. */
final class Outcomes {
  private Outcomes() {}

  /** A rule said no; {@code message} names the value and what it breaks. */
  static Outcome rejected(Rule rule, String field, String message) {
    return Outcome.newBuilder()
        .setRejection(
            Rejection.newBuilder().setRule(rule).setField(field).setMessage(message).build())
        .build();
  }

  static Outcome invalid(String field, String message) {
    return rejected(Rule.RULE_INVALID, field, message);
  }

  static Outcome assetNotFound(String field, String id) {
    return rejected(Rule.RULE_ASSET_NOT_FOUND, field, "no asset has the id \"" + id + "\"");
  }
}
