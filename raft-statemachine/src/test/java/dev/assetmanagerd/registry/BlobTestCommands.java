package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.CondemnBlobs;
import dev.assetmanagerd.log.v1.ForgetBlobs;
import dev.assetmanagerd.log.v1.NoteBlobs;
import dev.assetmanagerd.log.v1.RegisterAsset;
import dev.assetmanagerd.log.v1.ReserveBlob;
import java.util.List;

/** Commands about blobs as uploads, the reaper and the sweep make them. */
final class BlobTestCommands {
  static final StorageBackend LOCAL = StorageBackend.STORAGE_BACKEND_LOCAL;
  static final String CHECKSUM = "ab".repeat(32);
  static final String PLAIN = "ab/" + CHECKSUM;
  static final long SIZE = 4096;
  static final long TTL_MILLIS = 60_000;

  private BlobTestCommands() {}

  static ReserveBlob.Builder reservation(String id) {
    return ReserveBlob.newBuilder()
        .setReservationId(id)
        .setBackend(LOCAL)
        .setChecksum(CHECKSUM)
        .setSizeBytes(SIZE)
        .setTtlMillis(TTL_MILLIS);
  }

  static Command reserve(ReserveBlob.Builder reservation) {
    return Command.newBuilder().setReserveBlob(reservation).build();
  }

  static Command reserve(String id) {
    return reserve(reservation(id));
  }

  /** An asset that has the bytes of {@link #reservation} at a location. */
  static Asset uploaded(String id, String location) {
    return Commands.asset(id).toBuilder()
        .setLocation(location)
        .setChecksum(CHECKSUM)
        .setSizeBytes(SIZE)
        .build();
  }

  static Command register(Asset asset, String reservationId) {
    return Command.newBuilder()
        .setRegisterAsset(
            RegisterAsset.newBuilder().setAsset(asset).setReservationId(reservationId))
        .build();
  }

  static Command condemn(String... locations) {
    return Command.newBuilder()
        .setCondemnBlobs(
            CondemnBlobs.newBuilder().setBackend(LOCAL).addAllLocations(List.of(locations)))
        .build();
  }

  static Command forget(String... locations) {
    return Command.newBuilder()
        .setForgetBlobs(
            ForgetBlobs.newBuilder().setBackend(LOCAL).addAllLocations(List.of(locations)))
        .build();
  }

  static Command missing(String... ids) {
    return Command.newBuilder()
        .setNoteBlobs(NoteBlobs.newBuilder().addAllMissingAssetIds(List.of(ids)))
        .build();
  }

  static Command found(String... ids) {
    return Command.newBuilder()
        .setNoteBlobs(NoteBlobs.newBuilder().addAllFoundAssetIds(List.of(ids)))
        .build();
  }

  static Command inTerm(long term, Command command) {
    return command.toBuilder().setOnlyInTerm(term).build();
  }
}
