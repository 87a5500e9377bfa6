package dev.assetmanagerd.registry;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.LogEntry;
import dev.assetmanagerd.log.v1.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Applies one random history after the other to two registries and a copy of the first, and
 * compares them with each other and with the {@link Model}. For one thread.
 *
 * <p>The two registries stay open from one history to the next and are emptied in between, which is
 * what makes thousands of histories affordable.
 */
final class HistoryRunner implements AutoCloseable {
  /** Commands of each kind, and of those how many were accepted. */
  final Map<Outcome.KindCase, Integer> outcomes = new EnumMap<>(Outcome.KindCase.class);

  final Map<String, Integer> rejections = new TreeMap<>();

  private final Path directory;
  private final RegistryDatabase one;
  private final RegistryDatabase other;
  private final Sql besideOne;
  private final Sql besideOther;
  private final String emptyHash;

  HistoryRunner(Path directory) {
    this.directory = directory;
    one = RegistryDatabase.open(directory.resolve("one"));
    other = RegistryDatabase.open(directory.resolve("other"));
    besideOne = Sql.open(directory.resolve("one"), false);
    besideOther = Sql.open(directory.resolve("other"), false);
    // What needs the level is among the random commands.
    List.of(one, other).forEach(HistoryRunner::raise);
    clear(besideOne);
    emptyHash = StateHash.of(besideOne);
  }

  private static void raise(RegistryDatabase database) {
    Command command = Commands.raiseFormatLevel(FormatLevels.HIGHEST);
    var unused = apply(database, List.of(Commands.entry(0, 0, List.of(command))));
  }

  /** Fails with an {@link AssertionError} that says what differs. */
  void run(long seed, int commands) throws IOException {
    empty(besideOne);
    empty(besideOther);
    List<LogEntry> entries = new RandomEntries(seed).withCommands(commands);
    Random random = new Random(~seed);
    int prefix = random.nextInt(entries.size());
    Path copy = directory.resolve("copy");
    Model model = new Model();
    Map<String, Outcome> firstReplies = new HashMap<>();
    List<List<Outcome>> outcomesOfOne = new ArrayList<>();
    for (int i = 0; i < entries.size(); i++) {
      if (i == prefix) {
        one.copyTo(copy);
      }
      LogEntry entry = entries.get(i);
      List<Outcome> given = apply(one, List.of(entry)).get(0);
      compare(entry, given, model.apply(entry), i);
      onlyOneEffect(entry, given, firstReplies);
      Invariants.quickly(besideOne);
      equal("references after entry " + i, references(besideOne), references(model));
      outcomesOfOne.add(given);
    }
    String hash = StateHash.of(besideOne);
    equal("outcomes in other batches", inBatches(other, entries, random), outcomesOfOne);
    equal("state after other batches", StateHash.of(besideOther), hash);
    replay(copy, entries.subList(prefix, entries.size()), outcomesOfOne, hash, random);
    Invariants.thoroughly(besideOne);
    comparedWith(model);
  }

  private void replay(
      Path copy, List<LogEntry> rest, List<List<Outcome>> all, String hash, Random random)
      throws IOException {
    try (RegistryDatabase replica = RegistryDatabase.open(copy)) {
      int from = all.size() - rest.size();
      equal(
          "outcomes from " + from + " on",
          inBatches(replica, rest, random),
          all.subList(from, all.size()));
      try (Sql sql = Sql.open(copy, false)) {
        equal("state from " + from + " on", StateHash.of(sql), hash);
      }
    }
    for (String suffix : List.of("", "-wal", "-shm")) {
      Files.deleteIfExists(copy.resolveSibling(copy.getFileName() + suffix));
    }
  }

  private void comparedWith(Model model) {
    one.read(
        view -> {
          equal("clock", view.clusterTimeMillis(), model.clock);
          equal(
              "leases",
              view.leases(new LeaseQuery(null, null, null, null, null, 1000)).stream()
                  .map(Summaries::lease)
                  .toList(),
              model.leases.liveLeases());
          equal(
              "sessions",
              view.sessions(null, 1000).stream().map(Summaries::session).toList(),
              model.leases.liveSessions());
          equal(
              "builds",
              view.builds(null, 1000).stream().map(Summaries::build).toList(),
              model.builds.texts());
          equal("uploads", uploads(view), model.uploads.liveTexts());
          equal(
              "backups",
              view.backups().stream().map(Summaries::backup).toList(),
              model.backups.texts());
          equal(
              "condemned blobs",
              view.condemned(1000).stream().map(BlobRef::location).toList(),
              List.copyOf(model.assets.blobs.condemned));
          model.assets.byId.keySet().stream()
              .forEach(
                  id ->
                      equal(
                          "asset",
                          Summaries.asset(view.asset(id).orElseThrow()),
                          model.assets.text(id)));
          return view;
        });
  }

  private static List<String> uploads(RegistryView view) {
    return IntStream.range(0, 9)
        .mapToObj(i -> view.upload("upload-" + i))
        .flatMap(Optional::stream)
        .map(
            upload ->
                Summaries.upload(upload)
                    + " "
                    + view.uploadParts(upload.getId()).stream().map(Summaries::part).toList())
        .toList();
  }

  private void compare(LogEntry entry, List<Outcome> given, List<String> predicted, int at) {
    for (int i = 0; i < given.size(); i++) {
      Outcome outcome = given.get(i);
      outcomes.merge(outcome.getKindCase(), 1, Integer::sum);
      if (outcome.hasRejection()) {
        rejections.merge(outcome.getRejection().getRule().name(), 1, Integer::sum);
      }
      if (outcome.getReplayed()) {
        rejections.merge("replayed", 1, Integer::sum);
      }
      String summary = Summaries.of(outcome);
      if (!summary.equals(predicted.get(i))) {
        throw new AssertionError(
            "entry %d, command %d%nthe registry says %s%nthe rules say     %s%nof%n%s"
                .formatted(at, i, summary, predicted.get(i), entry.getCommands(i)));
      }
    }
  }

  /** What is answered again is what was answered first, to the last field. */
  private static void onlyOneEffect(
      LogEntry entry, List<Outcome> given, Map<String, Outcome> firstReplies) {
    for (int i = 0; i < given.size(); i++) {
      Command command = entry.getCommands(i);
      String key = command.getIdempotency().getKey();
      Outcome outcome = given.get(i);
      if (!command.hasIdempotency() || outcome.hasRejection()) {
        continue;
      }
      if (outcome.getReplayed()) {
        equal(
            "reply to " + key,
            outcome.toBuilder().setReplayed(false).build(),
            Objects.requireNonNull(firstReplies.get(key), key));
      } else {
        firstReplies.put(key, outcome);
      }
    }
  }

  private static List<String> references(Sql sql) {
    return sql.list(
        "SELECT id, status, lease_count FROM assets ORDER BY id",
        row -> row.text(1) + " " + row.integer(2) + " " + row.integer(3));
  }

  private static List<String> references(Model model) {
    return model.assets.byId.values().stream()
        .map(
            asset ->
                asset.getId()
                    + " "
                    + asset.getStatusValue()
                    + " "
                    + model.leases.count(asset.getId()))
        .toList();
  }

  private static List<List<Outcome>> inBatches(
      RegistryDatabase database, List<LogEntry> entries, Random random) {
    List<List<Outcome>> all = new ArrayList<>();
    for (int from = 0; from < entries.size(); ) {
      int to = Math.min(entries.size(), from + 1 + random.nextInt(30));
      all.addAll(apply(database, entries.subList(from, to)));
      from = to;
    }
    return all;
  }

  private static List<List<Outcome>> apply(RegistryDatabase database, List<LogEntry> entries) {
    RegistryWriter writer = database.writer();
    List<List<Outcome>> all = new ArrayList<>();
    writer.begin();
    entries.forEach(entry -> all.add(writer.apply(entry)));
    writer.commit(new LogPosition(1, database.applied().index() + entries.size()));
    return all;
  }

  /** The position goes on; it is no part of the state. */
  private static void clear(Sql sql) {
    List<String> tables =
        sql.list(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
                + " AND name <> 'progress'",
            row -> row.text(1));
    sql.update("BEGIN IMMEDIATE");
    tables.forEach(table -> sql.update("DELETE FROM " + table));
    // Triggers have counted backwards meanwhile.
    tables.forEach(table -> sql.update("DELETE FROM " + table));
    sql.update("UPDATE progress SET cluster_time_millis = 0, clock_term = 0, clock_reading = 0");
    sql.update("COMMIT");
  }

  private void empty(Sql sql) {
    clear(sql);
    equal("an empty registry", StateHash.of(sql), emptyHash);
  }

  private static void equal(String what, Object found, Object expected) {
    if (!Objects.equals(found, expected)) {
      throw new AssertionError(
          "%s%nthe registry says %s%nand should say    %s".formatted(what, found, expected));
    }
  }

  @Override
  public void close() {
    besideOne.close();
    besideOther.close();
    one.close();
    other.close();
  }
}
