package dev.assetmanagerd.registry;

import dev.assetmanagerd.log.v1.MemberNoted;
import dev.assetmanagerd.log.v1.NoteMember;
import dev.assetmanagerd.log.v1.Outcome;
import java.util.List;

/** Which nodes have ever taken part. */
final class MemberNotes {
  /** Of level 3. */
  static final List<String> STEP =
      List.of("CREATE TABLE noted_members (id TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID");

  private static final String ADD =
      "INSERT INTO noted_members (id) VALUES (?) ON CONFLICT (id) DO NOTHING";
  private static final String ALL = "SELECT id FROM noted_members ORDER BY id";

  private final Sql sql;

  MemberNotes(Sql sql) {
    this.sql = sql;
  }

  Outcome note(NoteMember command) {
    if (command.getNodeId().isEmpty()) {
      return Outcomes.invalid("node_id", "is empty");
    }
    boolean added = sql.update(ADD, command.getNodeId()) > 0;
    return Outcome.newBuilder().setMemberNoted(MemberNoted.newBuilder().setAdded(added)).build();
  }

  /** Their ids, in order; the registry is at level 3 or above. */
  List<String> all() {
    return sql.list(ALL, row -> row.text(1));
  }
}
