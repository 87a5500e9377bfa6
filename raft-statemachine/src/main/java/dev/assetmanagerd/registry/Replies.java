package dev.assetmanagerd.registry;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.assetmanagerd.log.v1.IdempotencyKey;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Outcomes of commands that came with an idempotency key, kept for an hour of cluster time. Only of
 * those that were accepted: what was rejected has changed nothing, and may be tried again.
 */
final class Replies {
  static final long KEPT_MILLIS = 3_600_000;

  private static final int FINGERPRINT_BYTES = 32;
  private static final String FIND =
      "SELECT fingerprint, outcome FROM replies WHERE key = ? AND recorded_at > ?";
  private static final String RECORD =
      "INSERT INTO replies (key, fingerprint, outcome, recorded_at) VALUES (?, ?, ?, ?)"
          + " ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint,"
          + " outcome = excluded.outcome, recorded_at = excluded.recorded_at";
  private static final String FORGET =
      "DELETE FROM replies WHERE rowid IN (SELECT rowid FROM replies WHERE recorded_at <= ?"
          + " ORDER BY recorded_at, key LIMIT ?)";

  private final Sql sql;

  Replies(Sql sql) {
    this.sql = sql;
  }

  /** What to answer instead of applying a command with this key; null to apply it. */
  @Nullable Outcome instead(IdempotencyKey key, long clockMillis) {
    if (key.getKey().isEmpty()) {
      return Outcomes.invalid("idempotency.key", "the idempotency key is empty");
    }
    if (key.getFingerprint().size() != FINGERPRINT_BYTES) {
      return Outcomes.invalid(
          "idempotency.fingerprint",
          key.getFingerprint().size() + " bytes are no fingerprint of a request");
    }
    Optional<Reply> found =
        sql.first(
            FIND,
            row -> new Reply(ByteString.copyFrom(row.bytes(1)), ByteString.copyFrom(row.bytes(2))),
            key.getKey(),
            clockMillis - KEPT_MILLIS);
    if (found.isEmpty()) {
      return null;
    }
    if (!found.get().fingerprint().equals(key.getFingerprint())) {
      return Outcomes.rejected(
          Rule.RULE_KEY_REUSED,
          "idempotency.key",
          "the idempotency key \"" + key.getKey() + "\" was used for another request");
    }
    return found.get().decoded().toBuilder().setReplayed(true).build();
  }

  /** Keeps the outcome of a command, unless it is a rejection. */
  void record(IdempotencyKey key, Outcome outcome, EntryTime time) {
    if (!outcome.hasRejection()) {
      sql.updateOne(
          RECORD,
          key.getKey(),
          key.getFingerprint().toByteArray(),
          encoded(outcome),
          time.clockMillis());
    }
  }

  /** Forgets what has been kept for long enough, {@code limit} at most. */
  void prune(long clockMillis, int limit) {
    sql.update(FORGET, clockMillis - KEPT_MILLIS, limit);
  }

  /** The same bytes on every replica: entries of maps are written in the order of their keys. */
  private static byte[] encoded(Outcome outcome) {
    byte[] bytes = new byte[outcome.getSerializedSize()];
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.useDeterministicSerialization();
    try {
      outcome.writeTo(out);
    } catch (IOException e) {
      throw new IllegalStateException("an array failed to take what was measured for it", e);
    }
    out.checkNoSpaceLeft();
    return bytes;
  }

  private record Reply(ByteString fingerprint, ByteString outcome) {
    Outcome decoded() {
      try {
        return Outcome.parseFrom(outcome);
      } catch (InvalidProtocolBufferException e) {
        throw new RegistryException("a recorded outcome cannot be read", e);
      }
    }
  }
}
