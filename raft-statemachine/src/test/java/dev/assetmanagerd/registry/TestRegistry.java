package dev.assetmanagerd.registry;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.LogEntry;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection;
import java.nio.file.Path;
import java.util.List;

/** A registry with a wall clock that tests set, and one log entry for each call. */
final class TestRegistry implements AutoCloseable {
  static final long START = 1_700_000_000L;

  final Path file;
  final RegistryDatabase database;

  /** Of the next entry, in seconds. */
  long wall = START;

  /** Of the leader of term 1. */
  long reading;

  TestRegistry(Path file) {
    this.file = file;
    database = RegistryDatabase.open(file);
    try (Sql sql = Connections.reader(file)) {
      reading = Progress.read(sql).clock().reading();
    }
  }

  /** Applies one entry in a transaction of its own. */
  @CanIgnoreReturnValue
  List<Outcome> apply(LogEntry entry) {
    RegistryWriter writer = database.writer();
    writer.begin();
    List<Outcome> outcomes = writer.apply(entry);
    writer.commit(next());
    return outcomes;
  }

  @CanIgnoreReturnValue
  List<Outcome> apply(Command... commands) {
    return apply(Commands.entry(wall, reading, List.of(commands)));
  }

  @CanIgnoreReturnValue
  Outcome one(Command command) {
    return apply(command).get(0);
  }

  /** Has no effect as the very first entry, whose reading is where counting begins. */
  void advanceClock(long millis) {
    reading += millis;
    apply();
  }

  Rejection rejection(Command command) {
    Outcome outcome = one(command);
    if (!outcome.hasRejection()) {
      throw new AssertionError("not rejected: " + outcome);
    }
    return outcome.getRejection();
  }

  Asset asset(String id) {
    return database
        .read(view -> view.asset(id))
        .orElseThrow(() -> new AssertionError("no asset " + id));
  }

  boolean exists(String id) {
    return database.read(view -> view.asset(id)).isPresent();
  }

  String hash() {
    return database.read(RegistryView::stateHash);
  }

  LogPosition next() {
    LogPosition applied = database.applied();
    return new LogPosition(Math.max(1, applied.term()), applied.index() + 1);
  }

  @Override
  public void close() {
    database.close();
  }
}
