package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.log.v1.Build;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Between rows of {@code builds} and {@code build_labels} and the message of the log. */
final class BuildRows {
  /** The label that says of which image a root file system was made. */
  static final String IMAGE_LABEL = "docker_image";

  /** The label by which builderd says which build a result is of. */
  static final String BUILD_ID_LABEL = "build_id";

  private static final String COLUMNS =
      "key, image, suggested_asset_id, state, attempt, build_id, asset_id, error, percent,"
          + " current_step, requested_at, changed_at, deadline_millis, not_before_millis,"
          + " since_millis, failures";
  private static final String SELECT = "SELECT " + COLUMNS + " FROM builds WHERE ";
  private static final String BY_KEY = SELECT + "key = ?";
  private static final String PAGE = SELECT + "key > ? ORDER BY key LIMIT ?";
  private static final String UNFINISHED = SELECT + "state < 4 ORDER BY since_millis, key LIMIT ?";
  private static final String LABELS =
      "SELECT role, key, value FROM build_labels WHERE build_key = ? ORDER BY role, key";
  private static final String INSERT =
      "INSERT INTO builds ("
          + COLUMNS
          + ", type) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
  private static final String INSERT_LABEL =
      "INSERT INTO build_labels (build_key, role, key, value) VALUES (?, ?, ?, ?)";
  private static final String UPDATE =
      """
      UPDATE builds SET state = ?, attempt = ?, build_id = ?, asset_id = ?, error = ?, percent = ?,
        current_step = ?, changed_at = ?, not_before_millis = ?, since_millis = ?, failures = ?
        WHERE key = ?
      """;
  private static final String DELETE = "DELETE FROM builds WHERE key = ?";
  private static final String PRUNE =
      """
      DELETE FROM builds WHERE key IN (
        SELECT key FROM builds WHERE state >= 4 AND since_millis <= ?
          ORDER BY since_millis, key LIMIT ?)
      """;

  private static final String ANY_UNFINISHED =
      "SELECT 1 FROM builds INDEXED BY builds_unfinished WHERE state < 4 LIMIT 1";
  private static final String BY_SUGGESTION =
      "SELECT key FROM builds WHERE state < 4 AND suggested_asset_id = ? ORDER BY key";
  private static final String BY_BUILD_ID =
      "SELECT key FROM builds WHERE state < 4 AND build_id = ? ORDER BY key";
  private static final String BY_IMAGE =
      "SELECT key FROM builds WHERE state < 4 AND image = ? AND type IN (0, ?) ORDER BY key";

  private static final int BUILD_LABEL = 1;
  private static final int SELECTOR = 2;

  private final Sql sql;

  BuildRows(Sql sql) {
    this.sql = sql;
  }

  Optional<Build> find(String key) {
    return sql.first(BY_KEY, BuildRows::fromRow, key).map(this::withLabels);
  }

  /** By key, behind {@code after}. */
  List<Build> page(String after, int limit) {
    return sql.list(PAGE, BuildRows::fromRow, after, limit).stream().map(this::withLabels).toList();
  }

  /** Those that have been longest in their state first. */
  List<Build> unfinished(int limit) {
    return sql.list(UNFINISHED, BuildRows::fromRow, limit).stream().map(this::withLabels).toList();
  }

  void insert(Build build, AssetType type) {
    sql.updateOne(
        INSERT,
        build.getKey(),
        build.getImage(),
        build.getSuggestedAssetId(),
        build.getStateValue(),
        build.getAttempt(),
        build.getBuildId(),
        build.getAssetId(),
        build.getError(),
        build.getPercent(),
        build.getCurrentStep(),
        build.getRequestedAt(),
        build.getChangedAt(),
        build.getDeadlineMillis(),
        build.getNotBeforeMillis(),
        build.getSinceMillis(),
        build.getFailures(),
        type.getNumber());
    insertLabels(build.getKey(), BUILD_LABEL, build.getBuildLabelsMap());
    insertLabels(build.getKey(), SELECTOR, build.getSelectorMap());
  }

  /** Writes what steps change. */
  void update(Build build) {
    sql.updateOne(
        UPDATE,
        build.getStateValue(),
        build.getAttempt(),
        build.getBuildId(),
        build.getAssetId(),
        build.getError(),
        build.getPercent(),
        build.getCurrentStep(),
        build.getChangedAt(),
        build.getNotBeforeMillis(),
        build.getSinceMillis(),
        build.getFailures(),
        build.getKey());
  }

  /** With its labels. */
  void delete(String key) {
    sql.updateOne(DELETE, key);
  }

  /** Deletes finished builds that have been so since before a time; the oldest first. */
  void prune(long finishedUntilMillis, int limit) {
    sql.update(PRUNE, finishedUntilMillis, limit);
  }

  /**
   * Unfinished builds of which an asset is the result, by key: it has the id that was suggested, or
   * names the build, or is of the image and what the result would be looked for by.
   */
  List<Build> thatMade(Asset asset) {
    if (sql.first(ANY_UNFINISHED, row -> true).isEmpty()) {
      return List.of();
    }
    Set<String> keys = new LinkedHashSet<>();
    keys.addAll(keys(BY_SUGGESTION, asset.getId()));
    for (String buildId : List.of(asset.getBuildId(), label(asset, BUILD_ID_LABEL))) {
      if (!buildId.isEmpty()) {
        keys.addAll(keys(BY_BUILD_ID, buildId));
      }
    }
    List<Build> made = new ArrayList<>();
    keys.forEach(key -> made.add(existing(key)));
    for (String key : keys(BY_IMAGE, label(asset, IMAGE_LABEL), asset.getTypeValue())) {
      Build build = existing(key);
      if (!keys.contains(key)
          && asset.getLabelsMap().entrySet().containsAll(build.getSelectorMap().entrySet())) {
        made.add(build);
      }
    }
    return made;
  }

  private List<String> keys(String query, Object... arguments) {
    return sql.list(query, row -> row.text(1), arguments);
  }

  private static String label(Asset asset, String key) {
    return asset.getLabelsOrDefault(key, "");
  }

  private Build existing(String key) {
    return find(key).orElseThrow(() -> new RegistryException("the build " + key + " is lost"));
  }

  private void insertLabels(String buildKey, int role, Map<String, String> labels) {
    labels.forEach((key, value) -> sql.updateOne(INSERT_LABEL, buildKey, role, key, value));
  }

  private Build withLabels(Build.Builder build) {
    sql.each(
        LABELS,
        row -> {
          if (row.small(1) == BUILD_LABEL) {
            build.putBuildLabels(row.text(2), row.text(3));
          } else {
            build.putSelector(row.text(2), row.text(3));
          }
        },
        build.getKey());
    return build.build();
  }

  private static Build.Builder fromRow(Row row) {
    return Build.newBuilder()
        .setKey(row.text(1))
        .setImage(row.text(2))
        .setSuggestedAssetId(row.text(3))
        .setStateValue(row.small(4))
        .setAttempt(row.small(5))
        .setBuildId(row.text(6))
        .setAssetId(row.text(7))
        .setError(row.text(8))
        .setPercent(row.small(9))
        .setCurrentStep(row.text(10))
        .setRequestedAt(row.integer(11))
        .setChangedAt(row.integer(12))
        .setDeadlineMillis(row.integer(13))
        .setNotBeforeMillis(row.integer(14))
        .setSinceMillis(row.integer(15))
        .setFailures(row.small(16));
  }
}
