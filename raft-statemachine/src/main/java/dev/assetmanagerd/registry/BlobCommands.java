package dev.assetmanagerd.registry;

import dev.assetmanagerd.log.v1.BlobReserved;
import dev.assetmanagerd.log.v1.BlobsCondemned;
import dev.assetmanagerd.log.v1.BlobsForgotten;
import dev.assetmanagerd.log.v1.BlobsNoted;
import dev.assetmanagerd.log.v1.CondemnBlobs;
import dev.assetmanagerd.log.v1.ForgetBlobs;
import dev.assetmanagerd.log.v1.NoteBlobs;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import dev.assetmanagerd.log.v1.ReserveBlob;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reserving, condemning and forgetting blobs, and noting what became of them. */
final class BlobCommands {
  /**
   * A name of the checksum, under which an asset of a status has the bytes. Not one that has a
   * tombstone: bytes that somebody put under the name of a deleted blob are not to be relied on.
   */
  private static final String STORED =
      """
      SELECT a.location FROM assets AS a INDEXED BY assets_by_location
        WHERE a.location >= ?1 AND a.location < ?1 || '/'
          AND a.backend = ?2 AND a.status = ?3 AND a.checksum = ?4 AND a.size_bytes = ?5
          AND (a.location = ?1 OR (a.location GLOB ?1 || '.[1-9]*'
            AND a.location NOT GLOB ?1 || '.*[^0-9]*' AND a.location <> ?1 || '.1'))
          AND NOT EXISTS (SELECT 1 FROM blob_tombstones AS t
            WHERE t.location = a.location AND t.backend = a.backend
              AND (t.state = 1 OR t.forget_at > ?6))
        ORDER BY a.location LIMIT 1
      """;

  private static final String LAST_NUMBER =
      """
      SELECT number FROM blob_tombstones WHERE content = ? AND backend = ? AND number > 0
        AND (state = 1 OR forget_at > ?) ORDER BY number DESC LIMIT 1
      """;
  private static final String RESERVE =
      """
      INSERT INTO blob_reservations (id, backend, location, checksum, size_bytes, expires_at)
        VALUES (?, ?, ?, ?, ?, ?)
      """;
  private static final String PROLONG =
      "UPDATE blob_reservations SET expires_at = max(expires_at, ?) WHERE id = ?";
  private static final String PRUNE =
      """
      DELETE FROM blob_reservations WHERE id IN (
        SELECT id FROM blob_reservations WHERE expires_at <= ? ORDER BY expires_at, id LIMIT 2)
      """;
  private static final String AVAILABLE_AT =
      "SELECT 1 FROM assets WHERE location = ? AND backend = ? AND status = 2 AND checksum = ?"
          + " AND size_bytes = ? LIMIT 1";
  private static final String MISSING = "UPDATE assets SET status = 4 WHERE id = ? AND status = 2";
  private static final String FOUND = "UPDATE assets SET status = 2 WHERE id = ? AND status = 4";

  private static final int AVAILABLE = 2;
  private static final int ERROR = 4;

  private final Sql sql;
  private final BlobRows blobs;
  private final KeptBlobs kept;

  BlobCommands(Sql sql) {
    this.sql = sql;
    this.blobs = new BlobRows(sql);
    this.kept = new KeptBlobs(sql);
  }

  /** Reserving again with the same id prolongs a live reservation. */
  Outcome reserve(ReserveBlob command, EntryTime time) {
    Outcome malformed = malformed(command);
    if (malformed != null) {
      return malformed;
    }
    long expiresAt = ClusterTime.after(time.clockMillis(), command.getTtlMillis());
    Optional<BlobRows.Reservation> held = blobs.reservation(command.getReservationId());
    if (held.isPresent()) {
      return prolong(command, held.get(), expiresAt, time);
    }
    String location = location(command, time);
    sql.updateOne(
        RESERVE,
        command.getReservationId(),
        command.getBackendValue(),
        location,
        command.getChecksum(),
        command.getSizeBytes(),
        expiresAt);
    sql.update(PRUNE, time.clockMillis());
    return reserved(command, location);
  }

  /**
   * Those that something refers to, that are kept for a backup, and that are condemned already, are
   * left alone.
   */
  Outcome condemn(CondemnBlobs command, EntryTime time) {
    int backend = command.getBackendValue();
    Outcome malformed = malformed(backend, command.getLocationsList());
    if (malformed != null) {
      return malformed;
    }
    BlobsCondemned.Builder condemned = BlobsCondemned.newBuilder();
    for (String location : command.getLocationsList()) {
      boolean free =
          !blobs.claimed(backend, location)
              && !blobs.reserved(backend, location, time.clockMillis())
              && !blobs.condemned(backend, location)
              && !kept.isKept(backend, location, time.formatLevel());
      if (free) {
        blobs.condemn(backend, location);
        condemned.addLocations(location);
      }
    }
    return Outcome.newBuilder().setBlobsCondemned(condemned).build();
  }

  /** Those that are not condemned, or that a record still refers to, are left alone. */
  Outcome forget(ForgetBlobs command, EntryTime time) {
    int backend = command.getBackendValue();
    Outcome malformed = malformed(backend, command.getLocationsList());
    if (malformed != null) {
      return malformed;
    }
    BlobsForgotten.Builder forgotten = BlobsForgotten.newBuilder();
    for (String location : command.getLocationsList()) {
      if (blobs.gone(backend, location, time.clockMillis())) {
        forgotten.addLocations(location);
      }
    }
    return Outcome.newBuilder().setBlobsForgotten(forgotten).build();
  }

  /** An asset without its blob keeps its leases: they end as others do. */
  Outcome note(NoteBlobs command) {
    int missing = 0;
    for (String id : command.getMissingAssetIdsList()) {
      missing += sql.update(MISSING, id);
    }
    int found = 0;
    for (String id : command.getFoundAssetIdsList()) {
      found += sql.update(FOUND, id);
    }
    return Outcome.newBuilder()
        .setBlobsNoted(BlobsNoted.newBuilder().setBecameMissing(missing).setBecameAvailable(found))
        .build();
  }

  private static @Nullable Outcome malformed(int backend, List<String> locations) {
    if (backend <= 0) {
      return Outcomes.invalid("backend", "the blobs have no storage backend");
    }
    return locations.contains("") ? Outcomes.invalid("locations", "a location is empty") : null;
  }

  private static @Nullable Outcome malformed(ReserveBlob command) {
    if (command.getReservationId().isEmpty()) {
      return Outcomes.invalid("reservation_id", "the reservation has no id");
    }
    if (command.getBackendValue() <= 0) {
      return Outcomes.invalid("backend", "the blob has no storage backend");
    }
    if (!BlobName.isChecksum(command.getChecksum())) {
      return Outcomes.invalid(
          "checksum", "\"" + command.getChecksum() + "\" is not a SHA-256 in lower-case hex");
    }
    if (command.getSizeBytes() < 0) {
      return Outcomes.invalid("size_bytes", command.getSizeBytes() + " is negative");
    }
    if (command.getTtlMillis() <= 0) {
      return Outcomes.invalid("ttl_millis", command.getTtlMillis() + " is not 1 or more");
    }
    return null;
  }

  private Outcome prolong(
      ReserveBlob command, BlobRows.Reservation held, long expiresAt, EntryTime time) {
    boolean same =
        held.backend() == command.getBackendValue()
            && held.checksum().equals(command.getChecksum())
            && held.sizeBytes() == command.getSizeBytes();
    if (!same) {
      return Outcomes.invalid(
          "reservation_id",
          "the reservation \"" + command.getReservationId() + "\" is for other bytes");
    }
    if (!held.live(time.clockMillis())) {
      return Outcomes.rejected(
          Rule.RULE_RESERVATION_EXPIRED,
          "reservation_id",
          "the reservation \"" + command.getReservationId() + "\" has expired");
    }
    sql.updateOne(PROLONG, expiresAt, command.getReservationId());
    return reserved(command, held.location());
  }

  private Outcome reserved(ReserveBlob command, String location) {
    boolean stored =
        sql.first(
                AVAILABLE_AT,
                row -> true,
                location,
                command.getBackendValue(),
                command.getChecksum(),
                command.getSizeBytes())
            .isPresent();
    return Outcome.newBuilder()
        .setBlobReserved(
            BlobReserved.newBuilder()
                .setReservationId(command.getReservationId())
                .setLocation(location)
                .setStored(stored))
        .build();
  }

  /**
   * Where an asset has the bytes; else where one should have them, so that storing them makes it
   * whole again; else the name after the last one that was condemned. Numbers only grow while any
   * tombstone of the bytes is there, so uploads at the same time meet at the same name.
   */
  private String location(ReserveBlob command, EntryTime time) {
    return withBytes(command, AVAILABLE, time)
        .or(() -> withBytes(command, ERROR, time))
        .orElseGet(() -> nextName(command, time));
  }

  private Optional<String> withBytes(ReserveBlob command, int status, EntryTime time) {
    return sql.first(
        STORED,
        row -> row.text(1),
        new BlobName(command.getChecksum(), 1).location(),
        command.getBackendValue(),
        status,
        command.getChecksum(),
        command.getSizeBytes(),
        time.clockMillis());
  }

  private String nextName(ReserveBlob command, EntryTime time) {
    long last =
        sql.first(
                LAST_NUMBER,
                row -> row.integer(1),
                command.getChecksum(),
                command.getBackendValue(),
                time.clockMillis())
            .orElse(0L);
    return last < BlobName.MAX_NUMBER
        ? new BlobName(command.getChecksum(), last + 1).location()
        : firstFreeName(command, time);
  }

  /** For when somebody has put a file at the highest number there is, and it was deleted. */
  private String firstFreeName(ReserveBlob command, EntryTime time) {
    long number = 1;
    String name = new BlobName(command.getChecksum(), number).location();
    while (blobs.tombstone(command.getBackendValue(), name, time.clockMillis())) {
      number++;
      name = new BlobName(command.getChecksum(), number).location();
    }
    return name;
  }
}
