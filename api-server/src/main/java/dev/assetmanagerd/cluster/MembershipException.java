package dev.assetmanagerd.cluster;

import com.google.protobuf.Any;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;

/** A change of the members that breaks a rule; nothing was changed by the step that broke it. */
final class MembershipException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final String DOMAIN = "assetmanagerd";

  /** Which rule. */
  enum Rule {
    /** A member is named that there is not. */
    UNKNOWN_MEMBER(Code.NOT_FOUND),
    /** A member of this id is elsewhere, or another member is at this address. */
    ADDRESS_TAKEN(Code.ALREADY_EXISTS),
    /** The node is not the one that the caller means. */
    OTHER_NODE(Code.INVALID_ARGUMENT),
    /** The node is of another cluster, or of another lineage of this one. */
    OTHER_CLUSTER(Code.FAILED_PRECONDITION),
    /** The node does not wait to be added. */
    NOT_WAITING(Code.FAILED_PRECONDITION),
    /** The node does not answer. */
    UNREACHABLE(Code.UNAVAILABLE),
    /** The node has not caught up in time. */
    BEHIND(Code.DEADLINE_EXCEEDED),
    /** A voter does not become a listener. */
    NO_DEMOTION(Code.FAILED_PRECONDITION),
    /** The members that answer would be no majority. */
    MAJORITY(Code.FAILED_PRECONDITION),
    /** The last voter cannot go. */
    LAST_VOTER(Code.FAILED_PRECONDITION),
    /** Another change is under way, or the members have changed since they were looked at. */
    CHANGING(Code.ABORTED);

    private final Code code;

    Rule(Code code) {
      this.code = code;
    }
  }

  private final Rule rule;
  private final String member;

  /**
   * @param member id or address of who it is about
   * @param message for people
   */
  MembershipException(Rule rule, String member, String message) {
    super(message);
    this.rule = rule;
    this.member = member;
  }

  Rule rule() {
    return rule;
  }

  StatusRuntimeException toStatus() {
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder()
            .setCode(rule.code.getNumber())
            .setMessage(String.valueOf(getMessage()))
            .addDetails(
                Any.pack(
                    ErrorInfo.newBuilder()
                        .setDomain(DOMAIN)
                        .setReason(rule.name())
                        .putMetadata("member", member)
                        .build()))
            .build());
  }
}
