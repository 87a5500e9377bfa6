package dev.assetmanagerd.raft;

import dev.assetmanagerd.log.v1.LogEntry;
import dev.assetmanagerd.log.v1.Outcome;
import java.util.List;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.jspecify.annotations.Nullable;

/**
 * An entry on its way through the leader's Ratis, which hands the same object back at every step:
 * so the leader need not parse what it made, outcomes need not be encoded to reach the proposer,
 * and a failure can be told to have come before or after the append.
 */
final class ProposedEntry implements Message {
  private final LogEntry entry;
  private final long term;
  private final ByteString content;
  private volatile boolean appended;
  private volatile @Nullable List<Outcome> outcomes;

  /**
   * @param term of the leadership that stamped the entry
   */
  ProposedEntry(LogEntry entry, long term) {
    this.entry = entry;
    this.term = term;
    this.content = UnsafeByteOperations.unsafeWrap(entry.toByteArray());
  }

  @Override
  public ByteString getContent() {
    return content;
  }

  LogEntry entry() {
    return entry;
  }

  long term() {
    return term;
  }

  /** False: certainly not in any log. True: it may be committed, now or later. */
  boolean appended() {
    return appended;
  }

  void markAppended() {
    appended = true;
  }

  /** What applying it gave; null until this node has applied it. */
  @Nullable List<Outcome> outcomes() {
    return outcomes;
  }

  void setOutcomes(List<Outcome> outcomes) {
    this.outcomes = outcomes;
  }
}
