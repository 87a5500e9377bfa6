package dev.assetmanagerd.olddaemon;

import dev.assetmanagerd.importer.v1.ImportResult.Reason;
import dev.assetmanagerd.importer.v1.OldLease;
import dev.assetmanagerd.olddaemon.OldRows.Kind;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;

/** Reads leases, in the order of their ids. */
final class LeaseReader {
  private static final String LEASES =
      "SELECT "
          + String.join(
              ", ",
              Columns.text("id"),
              Columns.text("asset_id"),
              Columns.text("acquired_by"),
              Columns.integer("acquired_at"),
              Columns.integer("expires_at"))
          + ", EXISTS (SELECT 1 FROM temp.planned AS p WHERE p.id = l.asset_id)"
          + " FROM main.asset_leases AS l WHERE typeof(id) = 'text' ORDER BY id COLLATE BINARY";

  private final Connection connection;
  private final OldRows rows;

  LeaseReader(Connection connection, OldRows rows) {
    this.connection = connection;
    this.rows = rows;
  }

  void read() throws SQLException, OldDatabaseException {
    try (PreparedStatement query = connection.prepareStatement(LEASES);
        ResultSet leases = query.executeQuery()) {
      byte[] before = null;
      while (leases.next()) {
        byte[] id = Columns.key(leases, 1);
        if (before != null && Arrays.equals(before, id)) {
          rows.broken(Kind.LEASE, Columns.shown(id), Reason.REASON_DUPLICATE, "id: is there twice");
        } else {
          one(leases, id);
        }
        before = id;
      }
    }
  }

  private void one(ResultSet row, byte[] id) throws SQLException, OldDatabaseException {
    OldLease.Builder lease = OldLease.newBuilder();
    try {
      lease
          .setId(Columns.text(row, 1, "id"))
          .setAssetId(Columns.text(row, 2, "asset_id"))
          .setAcquiredBy(Columns.text(row, 3, "acquired_by"))
          .setAcquiredAt(Columns.integer(row, 4, "acquired_at"))
          .setAssetPlanned(row.getBoolean(6));
      if (!Columns.isNull(row, 5)) {
        lease.setExpiresAt(Columns.integer(row, 5, "expires_at"));
      }
    } catch (BrokenRowException e) {
      rows.broken(
          Kind.LEASE, Columns.shown(id), Reason.REASON_MALFORMED, String.valueOf(e.getMessage()));
      return;
    }
    rows.lease(lease.build());
  }
}
