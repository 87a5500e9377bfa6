package dev.assetmanagerd.registry;

import static dev.assetmanagerd.registry.Commands.raiseFormatLevel;
import static dev.assetmanagerd.registry.Commands.register;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.UnknownFieldSet;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.Command.KindCase;
import dev.assetmanagerd.log.v1.FormatLevelRaised;
import dev.assetmanagerd.log.v1.LogEntry;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class FormatLevelsTest {
  private static final int UNKNOWN = FormatLevels.HIGHEST + 1;

  @TempDir Path directory;
  private Path file;

  @BeforeEach
  void nameTheFile() {
    file = directory.resolve("registry.db");
  }

  private static UnknownFieldSet somethingNew() {
    return UnknownFieldSet.newBuilder()
        .addField(
            9_999, UnknownFieldSet.Field.newBuilder().addFixed64(0x0123_4567_89ab_cdefL).build())
        .build();
  }

  /** One unknown field in each message that an entry can hold, one at a time. */
  static Stream<LogEntry> entriesFromANewerProgram() {
    LogEntry known = Commands.entry(1, 0, List.of(register("a")));
    var asset = register("a").getRegisterAsset().getAsset();
    return Stream.of(
        known.toBuilder().setUnknownFields(somethingNew()).build(),
        with(register("a").toBuilder().setUnknownFields(somethingNew()).build()),
        with(
            Command.newBuilder()
                .setRegisterAsset(
                    register("a").getRegisterAsset().toBuilder().setUnknownFields(somethingNew()))
                .build()),
        with(
            Command.newBuilder()
                .setRegisterAsset(
                    register("a").getRegisterAsset().toBuilder()
                        .setAsset(asset.toBuilder().setUnknownFields(somethingNew())))
                .build()));
  }

  private static LogEntry with(Command command) {
    return Commands.entry(1, 0, List.of(register("first"), command));
  }

  @Test
  void aNewRegistryIsAtTheBaseLevelAndOpeningItAgainLeavesItThere() {
    try (TestRegistry registry = new TestRegistry(file)) {
      registry.one(register("a"));
      assertThat(registry.database.read(RegistryView::formatLevel)).isEqualTo(FormatLevels.BASE);
    }
    try (TestRegistry registry = new TestRegistry(file)) {
      assertThat(registry.database.read(RegistryView::formatLevel)).isEqualTo(FormatLevels.BASE);
      assertThat(registry.database.writer().formatLevel()).isEqualTo(FormatLevels.BASE);
    }
  }

  @Test
  void aRaisedRegistryStaysRaisedAndKeepsWhatItHolds() {
    try (TestRegistry registry = new TestRegistry(file)) {
      registry.one(register("a"));
      Outcome raised = registry.one(raiseFormatLevel(FormatLevels.HIGHEST));
      assertThat(raised.getFormatLevelRaised())
          .isEqualTo(
              FormatLevelRaised.newBuilder()
                  .setFromLevel(FormatLevels.BASE)
                  .setLevel(FormatLevels.HIGHEST)
                  .build());
      assertThat(registry.database.writer().formatLevel()).isEqualTo(FormatLevels.HIGHEST);
    }
    RegistryDatabase.verify(file);
    try (TestRegistry registry = new TestRegistry(file)) {
      assertThat(registry.database.read(RegistryView::formatLevel)).isEqualTo(FormatLevels.HIGHEST);
      assertThat(registry.exists("a")).isTrue();
      registry.one(register("b"));
      assertThat(registry.exists("b")).isTrue();
    }
  }

  @Test
  void everyLevelHasASchemaVersionOfItsOwnSoThatOlderProgramsRefuseTheFile() {
    assertThat(Migrations.version(2)).as("as it was released").isEqualTo(5);
    assertThat(Migrations.version(3)).isEqualTo(6);
    try (TestRegistry registry = new TestRegistry(file)) {
      registry.one(raiseFormatLevel(3));
      try (Sql sql = Connections.reader(file)) {
        assertThat(sql.integer("PRAGMA user_version")).isEqualTo(6);
      }
    }
  }

  @Test
  void raisingToTheSameLevelChangesNothingAndLoweringIsRejected() {
    try (TestRegistry registry = new TestRegistry(file)) {
      registry.one(raiseFormatLevel(3));
      String hash = registry.hash();

      assertThat(registry.one(raiseFormatLevel(3)).getFormatLevelRaised().getFromLevel())
          .isEqualTo(3);
      var rejection = registry.rejection(raiseFormatLevel(2));

      assertThat(rejection.getRule()).isEqualTo(Rule.RULE_FORMAT_LEVEL);
      assertThat(rejection.getMessage()).contains("3").contains("2");
      assertThat(registry.hash()).isEqualTo(hash);
    }
  }

  @Test
  void aRollbackTakesTheLevelBack() {
    try (TestRegistry registry = new TestRegistry(file)) {
      registry.one(register("a"));
      String hash = registry.hash();
      RegistryWriter writer = registry.database.writer();
      writer.begin();
      writer.apply(Commands.entry(1, 0, List.of(raiseFormatLevel(3))));
      writer.rollback();

      assertThat(writer.formatLevel()).isEqualTo(2);
      assertThat(registry.hash()).isEqualTo(hash);
      assertThat(registry.one(raiseFormatLevel(3)).getFormatLevelRaised().getFromLevel())
          .isEqualTo(2);
    }
  }

  @Test
  void aReadThatBeganBeforeSeesTheLevelAsItWasThen() {
    try (TestRegistry registry = new TestRegistry(file)) {
      registry.one(register("a"));
      registry.database.read(
          view -> {
            String before = view.stateHash();
            registry.one(raiseFormatLevel(3));
            assertThat(view.formatLevel()).isEqualTo(2);
            assertThat(view.stateHash()).isEqualTo(before);
            return before;
          });
      assertThat(registry.database.read(RegistryView::formatLevel)).isEqualTo(3);
    }
  }

  @Test
  void aCopyIsAtTheLevelOfTheRegistry() {
    Path copy = directory.resolve("copy.db");
    try (TestRegistry registry = new TestRegistry(file)) {
      registry.one(raiseFormatLevel(3));
      var unused = registry.database.copyTo(copy);
    }
    try (RegistryDatabase copied = RegistryDatabase.open(copy)) {
      assertThat(copied.read(RegistryView::formatLevel)).isEqualTo(3);
    }
  }

  @Test
  void oneTransactionAndManyGiveTheSameRegistryWhereverTheLevelIsRaised() {
    List<Command> commands = List.of(register("a"), raiseFormatLevel(3), register("b"));
    String together;
    try (TestRegistry registry = new TestRegistry(file)) {
      registry.apply(commands.toArray(Command[]::new));
      together = registry.hash();
    }
    try (TestRegistry registry = new TestRegistry(directory.resolve("other.db"))) {
      commands.forEach(registry::one);
      assertThat(registry.hash()).isEqualTo(together);
    }
  }

  @ParameterizedTest
  @EnumSource(value = KindCase.class, mode = EnumSource.Mode.EXCLUDE, names = "KIND_NOT_SET")
  void aProgramHasALevelForEveryKindOfCommand(KindCase kind) {
    Command command =
        Command.newBuilder()
            .setField(
                Command.getDescriptor().findFieldByNumber(kind.getNumber()),
                Command.getDefaultInstance()
                    .getField(Command.getDescriptor().findFieldByNumber(kind.getNumber())))
            .build();
    assertThat(FormatLevels.isKnown(command)).as(kind.name()).isTrue();
    assertThat(FormatLevels.neededBy(command)).isBetween(FormatLevels.BASE, FormatLevels.HIGHEST);
    // Tags above 32 are newer than level 2.
    assertThat(FormatLevels.neededBy(command) > 2).isEqualTo(kind.getNumber() > 32);
  }

  @Test
  void aCommandThatNeedsMoreThanItsEntrySaysStopsTheWriter() {
    try (TestRegistry registry = new TestRegistry(file)) {
      assertStops(
          registry,
          Commands.entry(1, 0, List.of(raiseFormatLevel(3))).toBuilder().setFormatLevel(2).build(),
          "needs 3");
      assertStops(registry, Commands.entry(1, 0, List.of(raiseFormatLevel(UNKNOWN))), "knows 2 to");
    }
  }

  @ParameterizedTest
  @MethodSource("entriesFromANewerProgram")
  void aFieldThatIsNotKnownStopsTheWriterAtAnyLevel(LogEntry entry) {
    try (TestRegistry registry = new TestRegistry(file)) {
      assertStops(registry, entry, "field 9999");
    }
  }

  private static void assertStops(TestRegistry registry, LogEntry entry, String why) {
    String before = registry.hash();
    RegistryWriter writer = registry.database.writer();
    writer.begin();
    assertThatThrownBy(() -> writer.apply(entry))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining(why);
    writer.rollback();
    assertThat(registry.hash()).isEqualTo(before);
  }

  @Test
  void aLeaderRefusesWhatTheLevelDoesNotAllowAndSaysWhatToDo() {
    assertThat(FormatLevels.refusal(register("a"), 2)).isEmpty();
    assertThat(FormatLevels.refusal(raiseFormatLevel(3), 2)).isEmpty();
    assertThat(FormatLevels.refusal(raiseFormatLevel(UNKNOWN), 2))
        .hasValueSatisfying(
            outcome ->
                assertThat(outcome.getRejection().getRule()).isEqualTo(Rule.RULE_FORMAT_LEVEL));
    assertThat(FormatLevels.refusal(Command.getDefaultInstance(), 2))
        .hasValueSatisfying(
            outcome -> assertThat(outcome.getRejection().getMessage()).contains("older program"));
    assertThat(
            FormatLevels.refusal(
                register("a").toBuilder().setUnknownFields(somethingNew()).build(), 2))
        .hasValueSatisfying(
            outcome -> assertThat(outcome.getRejection().getField()).contains("9999"));
  }
}
