package dev.assetmanagerd.registry;

import static dev.assetmanagerd.registry.Commands.asset;
import static dev.assetmanagerd.registry.Commands.entry;
import static dev.assetmanagerd.registry.Commands.mark;
import static dev.assetmanagerd.registry.Commands.register;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.registry.Listing.CountedLabel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Lists: what they hold, how they page, and that they run on indexes. */
class ListingTest {
  private static final AssetType ANY_TYPE = AssetType.ASSET_TYPE_UNSPECIFIED;
  private static final AssetStatus ANY_STATUS = AssetStatus.ASSET_STATUS_UNSPECIFIED;
  private static final Comparator<Asset> NEWEST_FIRST =
      Comparator.comparingLong(Asset::getCreatedAt).thenComparing(Asset::getId).reversed();

  private TestRegistry registry;
  private Path file;

  @BeforeEach
  void open(@TempDir Path directory) {
    file = directory.resolve("live.db");
    registry = new TestRegistry(file);
  }

  @AfterEach
  void close() {
    registry.close();
  }

  @Test
  void anEmptyRegistryListsNothing() {
    assertThat(list(query(ANY_TYPE, ANY_STATUS, Map.of(), 10)))
        .isEqualTo(new AssetPage(List.of(), null));
    assertThat(list(query(ANY_TYPE, ANY_STATUS, Map.of("k", "v"), 10)))
        .isEqualTo(new AssetPage(List.of(), null));
  }

  @Test
  void theNewestComesFirstAndEqualTimesGoById() {
    registry.apply(
        register(asset("a").toBuilder().setCreatedAt(5).build()),
        register(asset("c").toBuilder().setCreatedAt(7).build()),
        register(asset("b").toBuilder().setCreatedAt(7).build()));

    AssetPage first = list(query(ANY_TYPE, ANY_STATUS, Map.of(), 2));

    assertThat(first.assets()).extracting(Asset::getId).containsExactly("c", "b");
    assertThat(first.next()).isEqualTo(new AssetCursor(7, "b"));
  }

  @Test
  void theLastPageHasNoNextEvenWhenItIsFull() {
    registry.apply(register("a"), register("b"));

    assertThat(list(query(ANY_TYPE, ANY_STATUS, Map.of(), 2)).next()).isNull();
  }

  /** Every combination of filters against a filter written in Java over all assets. */
  @Test
  void everyFilterFindsWhatItDescribesOnPagesOfAnySize() {
    List<Asset> all = fill(150, 42);
    List<Map<String, String>> selectors =
        List.of(
            Map.of(),
            Map.of("env", "prod"),
            Map.of("env", "prod", "team", "t1"),
            Map.of("team", "t2", "env", "dev", "rare", "yes"),
            Map.of("env", "nowhere"),
            Map.of("env", "prod", "rare", "no"));
    for (AssetType type : List.of(ANY_TYPE, AssetType.ASSET_TYPE_KERNEL)) {
      for (AssetStatus status :
          List.of(
              ANY_STATUS,
              AssetStatus.ASSET_STATUS_AVAILABLE,
              AssetStatus.ASSET_STATUS_DELETING,
              AssetStatus.ASSET_STATUS_ERROR)) {
        for (Map<String, String> labels : selectors) {
          List<Asset> expected =
              all.stream()
                  .filter(asset -> matches(asset, type, status, labels))
                  .sorted(NEWEST_FIRST)
                  .toList();
          for (int limit : new int[] {1, 7, 1000}) {
            assertThat(pages(query(type, status, labels, limit)))
                .as("%s %s %s by %d", type, status, labels, limit)
                .isEqualTo(expected);
          }
        }
      }
    }
  }

  @Test
  void aCursorNeedNotBeOfAnAssetThatStillExists() {
    fill(20, 1);
    AssetPage first = list(query(ANY_TYPE, AssetStatus.ASSET_STATUS_AVAILABLE, Map.of(), 3));
    AssetCursor cursor = Objects.requireNonNull(first.next());
    AssetQuery rest =
        new AssetQuery(ANY_TYPE, AssetStatus.ASSET_STATUS_AVAILABLE, Map.of(), cursor, 100);
    List<Asset> before = list(rest).assets();

    registry.apply(mark(cursor.id()), Commands.purge(cursor.id()));

    assertThat(list(rest).assets()).isEqualTo(before);
  }

  @Test
  void tooManyLabelsAreRefused() {
    Map<String, String> labels = new HashMap<>();
    for (int i = 0; i <= Listing.LABELS_MAX; i++) {
      labels.put("k" + i, "v");
    }
    assertThatThrownBy(() -> list(query(ANY_TYPE, ANY_STATUS, labels, 1)))
        .isInstanceOf(IllegalArgumentException.class);
    labels.remove("k0");
    registry.one(register(asset("a").toBuilder().putAllLabels(labels).build()));
    assertThat(list(query(ANY_TYPE, ANY_STATUS, labels, 1)).assets()).hasSize(1);
  }

  @Test
  void assetsAreFoundByIdInAnyNumber() {
    List<Command> commands = new ArrayList<>();
    List<String> ids = new ArrayList<>(List.of("nobody"));
    for (int i = 0; i < 2500; i++) {
      ids.add("a" + i);
      commands.add(register(asset("a" + i).toBuilder().putLabels("n", "v" + i).build()));
    }
    registry.apply(entry(registry.wall, 0, commands));
    ids.add("a7");

    List<Asset> found = registry.database.read(view -> view.assets(ids));

    assertThat(found).hasSize(2500).doesNotHaveDuplicates().contains(registry.asset("a2499"));
    assertThat(found).allMatch(a -> a.getLabelsOrThrow("n").equals("v" + a.getId().substring(1)));
    assertThat(registry.database.<List<Asset>>read(view -> view.assets(List.of()))).isEmpty();
  }

  @Test
  @Timeout(60)
  void pagingWhileOthersWriteNeverSkipsOrRepeatsAnAssetThatExistsThroughout() throws Exception {
    Set<String> permanent = new HashSet<>();
    List<Command> commands = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      String id = "keep-%03d".formatted(i);
      permanent.add(id);
      commands.add(
          register(asset(id).toBuilder().setCreatedAt(1000 + i % 50).putLabels("k", "v").build()));
    }
    registry.apply(entry(registry.wall, 0, commands));
    AtomicBoolean stop = new AtomicBoolean();
    ExecutorService executor = Executors.newSingleThreadExecutor();
    try {
      Future<Integer> churn = executor.submit(() -> churn(stop));
      for (Map<String, String> labels : List.of(Map.<String, String>of(), Map.of("k", "v"))) {
        for (int round = 0; round < 10; round++) {
          List<String> seen =
              pages(query(ANY_TYPE, ANY_STATUS, labels, 7)).stream().map(Asset::getId).toList();
          assertThat(seen).doesNotHaveDuplicates().containsAll(permanent);
        }
      }
      stop.set(true);
      assertThat(churn.get(30, TimeUnit.SECONDS)).as("writes during the paging").isPositive();
    } finally {
      stop.set(true);
      executor.shutdownNow();
    }
  }

  /** Adds and removes assets that sort among the permanent ones, until told to stop. */
  private int churn(AtomicBoolean stop) {
    int rounds = 0;
    while (!stop.get()) {
      String id = "temp-" + rounds;
      registry.apply(
          register(
              asset(id).toBuilder().setCreatedAt(1000 + rounds % 50).putLabels("k", "v").build()));
      registry.apply(mark(id), Commands.purge(id));
      rounds++;
    }
    return rounds;
  }

  static Stream<Arguments> shapes() {
    AssetType kernel = AssetType.ASSET_TYPE_KERNEL;
    AssetStatus deleting = AssetStatus.ASSET_STATUS_DELETING;
    Map<String, String> two = Map.of("env", "prod", "team", "t1");
    return Stream.of(
        Arguments.of(ANY_TYPE, ANY_STATUS, Map.of(), "assets_listing"),
        Arguments.of(ANY_TYPE, AssetStatus.ASSET_STATUS_AVAILABLE, Map.of(), "assets_listing"),
        Arguments.of(kernel, ANY_STATUS, Map.of(), "assets_listing_by_type"),
        Arguments.of(ANY_TYPE, deleting, Map.of(), "assets_by_rare_status"),
        Arguments.of(kernel, deleting, two, "assets_by_rare_status"),
        Arguments.of(ANY_TYPE, ANY_STATUS, Map.of("env", "prod"), "asset_labels_listing"),
        Arguments.of(ANY_TYPE, ANY_STATUS, two, "asset_labels_listing"),
        Arguments.of(kernel, ANY_STATUS, two, "asset_labels_listing"));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void aListIsReadOffAnIndexInOrder(
      AssetType type, AssetStatus status, Map<String, String> labels, String driver) {
    for (@Nullable AssetCursor after : new AssetCursor[] {null, new AssetCursor(5, "x")}) {
      AssetQuery query = new AssetQuery(type, status, labels, after, 10);
      List<CountedLabel> counted =
          labels.entrySet().stream()
              .map(label -> new CountedLabel(label.getKey(), label.getValue(), 1))
              .toList();
      List<String> plan = plan(query, counted);
      assertThat(plan.get(0) + " ").contains("INDEX " + driver + " ");
      if (after != null) {
        assertThat(plan.get(0)).contains("(created_at,").contains(")<(?,?)");
      }
      assertThat(plan).noneMatch(step -> step.contains("TEMP B-TREE"));
      if (!driver.equals("assets_listing") || after != null) {
        assertThat(plan).noneMatch(step -> step.startsWith("SCAN"));
      }
      if (labels.size() == 2) {
        assertThat(plan)
            .anyMatch(
                step ->
                    step.contains(
                        "asset_labels_listing (key=? AND value=? AND created_at=? AND"
                            + " asset_id=?"));
      }
    }
  }

  @Test
  void aTypeMuchRarerThanTheLabelsDrives() {
    AssetQuery query =
        query(AssetType.ASSET_TYPE_KERNEL, ANY_STATUS, Map.of("env", "prod", "team", "t1"), 10);
    List<CountedLabel> frequent =
        List.of(new CountedLabel("env", "prod", 1000), new CountedLabel("team", "t1", 2000));

    assertThat(plan(query, frequent).get(0))
        .contains("INDEX assets_listing_by_type (type=?")
        .doesNotContain("TEMP B-TREE");
  }

  private List<String> plan(AssetQuery query, List<CountedLabel> counted) {
    try (Sql sql = Connections.reader(file)) {
      Listing.Statement statement = new Listing(sql).statement(query, counted);
      return sql.list(
          "EXPLAIN QUERY PLAN " + statement.sql(),
          row -> row.text(4),
          statement.arguments().toArray());
    }
  }

  @Test
  void theRarestLabelDrives() {
    fill(400, 3);
    try (Sql sql = Connections.reader(file)) {
      List<CountedLabel> labels =
          new Listing(sql).rarestFirst(Map.of("env", "prod", "rare", "yes", "team", "t1"));

      assertThat(labels).extracting(CountedLabel::key).containsExactly("rare", "team", "env");
      assertThat(labels).isSortedAccordingTo(Comparator.comparingLong(CountedLabel::assets));
    }
  }

  private List<Asset> fill(int count, long seed) {
    RandomGenerator random = new Random(seed);
    List<Command> commands = new ArrayList<>();
    List<String> doomed = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String id = "%08x".formatted(random.nextInt());
      Asset.Builder asset =
          asset(id).toBuilder()
              .setType(random.nextInt(5) == 0 ? AssetType.ASSET_TYPE_KERNEL : asset(id).getType())
              .setCreatedAt(1 + random.nextInt(count / 4))
              .putLabels("env", random.nextInt(3) == 0 ? "dev" : "prod")
              .putLabels("team", "t" + random.nextInt(4));
      if (random.nextInt(20) == 0) {
        asset.putLabels("rare", "yes");
      }
      commands.add(register(asset.build()));
      if (random.nextInt(10) == 0) {
        doomed.add(id);
      }
    }
    commands.add(mark(doomed.toArray(String[]::new)));
    registry.apply(entry(registry.wall, 0, commands));
    return registry.database.read(
        view ->
            view.assets(
                commands.stream().map(c -> c.getRegisterAsset().getAsset().getId()).toList()));
  }

  private static boolean matches(
      Asset asset, AssetType type, AssetStatus status, Map<String, String> labels) {
    boolean statusMatches =
        status == ANY_STATUS
            ? asset.getStatus() != AssetStatus.ASSET_STATUS_DELETING
            : asset.getStatus() == status;
    return statusMatches
        && (type == ANY_TYPE || asset.getType() == type)
        && asset.getLabelsMap().entrySet().containsAll(labels.entrySet());
  }

  /** All pages of a query, each read on a snapshot of its own. */
  private List<Asset> pages(AssetQuery query) {
    List<Asset> assets = new ArrayList<>();
    AssetQuery page = query;
    while (true) {
      AssetPage found = list(page);
      assets.addAll(found.assets());
      AssetCursor next = found.next();
      if (next == null) {
        return assets;
      }
      assertThat(found.assets()).as("a page that is not the last").hasSize(query.limit());
      page = new AssetQuery(query.type(), query.status(), query.labels(), next, query.limit());
    }
  }

  private AssetPage list(AssetQuery query) {
    return registry.database.read(view -> view.list(query));
  }

  private static AssetQuery query(
      AssetType type, AssetStatus status, Map<String, String> labels, int limit) {
    return new AssetQuery(type, status, labels, null, limit);
  }
}
