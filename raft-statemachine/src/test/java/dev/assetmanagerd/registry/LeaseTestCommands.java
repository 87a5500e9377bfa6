package dev.assetmanagerd.registry;

import com.google.protobuf.ByteString;
import dev.assetmanagerd.log.v1.AcquireAsset;
import dev.assetmanagerd.log.v1.AcquireLeases;
import dev.assetmanagerd.log.v1.AttachLeases;
import dev.assetmanagerd.log.v1.CloseSession;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.IdempotencyKey;
import dev.assetmanagerd.log.v1.KeepSession;
import dev.assetmanagerd.log.v1.OpenSession;
import dev.assetmanagerd.log.v1.ReleaseLeases;
import dev.assetmanagerd.log.v1.RenewLeases;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** Commands about several leases, sessions, and commands that may be repeated. */
final class LeaseTestCommands {
  static final long HOUR = 3_600_000;

  private LeaseTestCommands() {}

  /** By vm-1; lease n of each is named after its asset. */
  static AcquireLeases.Builder leasesOn(String... assetIds) {
    AcquireLeases.Builder acquire = AcquireLeases.newBuilder().setAcquiredBy("vm-1");
    for (String id : assetIds) {
      acquire.addAssetIds(id).addLeaseIds("lease-on-" + id);
    }
    return acquire;
  }

  static Command acquireAll(AcquireLeases.Builder acquire) {
    return Command.newBuilder().setAcquireLeases(acquire).build();
  }

  static Command acquireIn(String sessionId, String assetId, String leaseId) {
    return Command.newBuilder()
        .setAcquireAsset(
            AcquireAsset.newBuilder()
                .setAssetId(assetId)
                .setLeaseId(leaseId)
                .setAcquiredBy("vm-1")
                .setSessionId(sessionId))
        .build();
  }

  static Command renew(long ttlSeconds, String... leaseIds) {
    return Command.newBuilder()
        .setRenewLeases(
            RenewLeases.newBuilder().addAllLeaseIds(List.of(leaseIds)).setTtlSeconds(ttlSeconds))
        .build();
  }

  static Command releaseAll(String... leaseIds) {
    return release(ReleaseLeases.newBuilder().addAllLeaseIds(List.of(leaseIds)));
  }

  static Command releaseHolder(String holder, int limit) {
    return release(ReleaseLeases.newBuilder().setAcquiredBy(holder).setLimit(limit));
  }

  static Command release(ReleaseLeases.Builder release) {
    return Command.newBuilder().setReleaseLeases(release).build();
  }

  static Command openSession(String id, String host, long ttlMillis, long graceMillis) {
    return Command.newBuilder()
        .setOpenSession(
            OpenSession.newBuilder()
                .setSessionId(id)
                .setHost(host)
                .setTtlMillis(ttlMillis)
                .setGraceMillis(graceMillis))
        .build();
  }

  static Command keepSession(String id) {
    return Command.newBuilder().setKeepSession(KeepSession.newBuilder().setSessionId(id)).build();
  }

  static Command closeSession(String id) {
    return Command.newBuilder().setCloseSession(CloseSession.newBuilder().setSessionId(id)).build();
  }

  static Command attach(String sessionId, String... leaseIds) {
    return Command.newBuilder()
        .setAttachLeases(
            AttachLeases.newBuilder().setSessionId(sessionId).addAllLeaseIds(List.of(leaseIds)))
        .build();
  }

  /** With an idempotency key, and a fingerprint made of some text. */
  static Command keyed(String key, String print, Command command) {
    byte[] fingerprint = Arrays.copyOf(print.getBytes(StandardCharsets.UTF_8), 32);
    return command.toBuilder()
        .setIdempotency(
            IdempotencyKey.newBuilder()
                .setKey(key)
                .setFingerprint(ByteString.copyFrom(fingerprint)))
        .build();
  }
}
