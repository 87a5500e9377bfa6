package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Finds one page of assets, newest first.
 *
 * <p>A page is read off an index that is already in listing order, from the cursor on, until it is
 * full: the <em>driver</em>. Every other condition is a look-up for each row the driver yields. So
 * the cost of a page does not depend on where in the listing it is, nor on the number of assets,
 * but on how many rows of the driver are passed over for each that matches. The driver is the index
 * with the fewest rows for the query:
 *
 * <ul>
 *   <li>a status other than AVAILABLE: the index of such assets, which are few;
 *   <li>labels: the rarest of them by the exact count in {@code label_counts}, unless the type is
 *       much rarer still; the other labels are looked up in the same index, next to the rows looked
 *       up before, for both run in the same order;
 *   <li>a type: the index by type;
 *   <li>nothing: the index of all.
 * </ul>
 *
 * <p>What is not fast: labels that are each frequent and yet hardly ever met on one asset. A
 * quarter of a million assets of the rarest label are as many look-ups, about 0.2 s of CPU, should
 * the page not fill before. Nothing bounds that but the number of assets, since an index of pairs
 * of labels would cost more in every write than it saves in such reads. The same goes for a great
 * many assets being deleted at once, which keep their label rows until they are purged.
 */
final class Listing {
  /** Labels in one query; more than any asset may carry. */
  static final int LABELS_MAX = 64;

  /**
   * A type drives only when it is this much rarer than the rarest label: reading on in a label's
   * index and comparing the type there is that much cheaper for a row than looking up labels.
   */
  private static final int TYPE_DRIVES_FACTOR = 8;

  private static final String LABEL_COUNT =
      "SELECT assets FROM label_counts WHERE key = ? AND value = ?";
  private static final String TYPE_COUNT = "SELECT assets FROM type_counts WHERE type = ?";

  private final Sql sql;

  Listing(Sql sql) {
    this.sql = sql;
  }

  AssetPage page(AssetQuery query) {
    if (query.labels().size() > LABELS_MAX) {
      throw new IllegalArgumentException("more than " + LABELS_MAX + " labels in one query");
    }
    List<CountedLabel> labels = rarestFirst(query.labels());
    if (!labels.isEmpty() && labels.get(0).assets() == 0) {
      return new AssetPage(List.of(), null);
    }
    Statement statement = statement(query, labels);
    List<Asset.Builder> rows =
        sql.list(statement.sql(), AssetRows::fromRow, statement.arguments().toArray());
    boolean last = rows.size() <= query.limit();
    List<Asset> assets = AssetRows.withLabels(sql, last ? rows : rows.subList(0, query.limit()));
    return new AssetPage(assets, last ? null : cursor(assets.get(assets.size() - 1)));
  }

  /** The statement of a page; it asks for one row more than the page holds. */
  Statement statement(AssetQuery query, List<CountedLabel> labels) {
    boolean rareStatus =
        query.status() != AssetStatus.ASSET_STATUS_UNSPECIFIED
            && query.status() != AssetStatus.ASSET_STATUS_AVAILABLE;
    if (rareStatus || labels.isEmpty() || typeIsRarer(query, labels.get(0))) {
      return assetsDrive(query, labels, rareStatus);
    }
    return labelDrives(query, labels);
  }

  List<CountedLabel> rarestFirst(Map<String, String> labels) {
    List<CountedLabel> counted = new ArrayList<>();
    labels.forEach((key, value) -> counted.add(new CountedLabel(key, value, count(key, value))));
    // By key where counts are equal, so that one query has one plan.
    counted.sort(Comparator.comparingLong(CountedLabel::assets).thenComparing(CountedLabel::key));
    return counted;
  }

  private long count(String key, String value) {
    return sql.first(LABEL_COUNT, row -> row.integer(1), key, value).orElse(0L);
  }

  private boolean typeIsRarer(AssetQuery query, CountedLabel rarest) {
    if (query.type() == AssetType.ASSET_TYPE_UNSPECIFIED) {
      return false;
    }
    long ofType = sql.first(TYPE_COUNT, row -> row.integer(1), query.type().getNumber()).orElse(0L);
    return ofType < rarest.assets() / TYPE_DRIVES_FACTOR;
  }

  private static Statement assetsDrive(
      AssetQuery query, List<CountedLabel> labels, boolean rareStatus) {
    Builder builder = new Builder();
    boolean typed = query.type() != AssetType.ASSET_TYPE_UNSPECIFIED;
    String index =
        rareStatus ? "assets_by_rare_status" : typed ? "assets_listing_by_type" : "assets_listing";
    builder.add("SELECT " + AssetRows.COLUMNS + " FROM assets AS a INDEXED BY " + index);
    builder.add(rareStatus ? " WHERE a.status <> 2" : " WHERE a.status <> 3");
    if (query.status() != AssetStatus.ASSET_STATUS_UNSPECIFIED) {
      builder.add(" AND a.status = ?", query.status().getNumber());
    }
    if (typed) {
      builder.add(" AND a.type = ?", query.type().getNumber());
    }
    builder.probes(labels, "a.created_at", "a.id");
    builder.page(query, "a.created_at", "a.id");
    return builder.build();
  }

  private static Statement labelDrives(AssetQuery query, List<CountedLabel> labels) {
    Builder builder = new Builder();
    builder.add("SELECT " + AssetRows.COLUMNS);
    builder.add(" FROM asset_labels AS d INDEXED BY asset_labels_listing");
    builder.add(" CROSS JOIN assets AS a ON a.id = d.asset_id");
    builder.add(" WHERE d.key = ?", labels.get(0).key());
    builder.add(" AND d.value = ?", labels.get(0).value());
    if (query.type() != AssetType.ASSET_TYPE_UNSPECIFIED) {
      builder.add(" AND d.type = ?", query.type().getNumber());
    }
    builder.add(" AND a.status <> 3");
    if (query.status() != AssetStatus.ASSET_STATUS_UNSPECIFIED) {
      builder.add(" AND a.status = ?", query.status().getNumber());
    }
    builder.probes(labels.subList(1, labels.size()), "d.created_at", "d.asset_id");
    builder.page(query, "d.created_at", "d.asset_id");
    return builder.build();
  }

  private static AssetCursor cursor(Asset last) {
    return new AssetCursor(last.getCreatedAt(), last.getId());
  }

  /** A label asked for, with the number of assets that carry it. */
  record CountedLabel(String key, String value, long assets) {}

  /** Text and arguments, in the order of the text. */
  record Statement(String sql, List<Object> arguments) {}

  private static final class Builder {
    private final StringBuilder text = new StringBuilder();
    private final List<Object> arguments = new ArrayList<>();

    void add(String part) {
      text.append(part);
    }

    void add(String part, Object argument) {
      text.append(part);
      arguments.add(argument);
    }

    /** Scalar subqueries: the planner takes them one by one, where it would ponder a long join. */
    void probes(List<CountedLabel> labels, String createdAt, String id) {
      for (CountedLabel label : labels) {
        add(" AND 1 = (SELECT 1 FROM asset_labels AS p INDEXED BY asset_labels_listing");
        add(" WHERE p.key = ?", label.key());
        add(" AND p.value = ?", label.value());
        add(" AND p.created_at = " + createdAt + " AND p.asset_id = " + id + ")");
      }
    }

    void page(AssetQuery query, String createdAt, String id) {
      AssetCursor after = query.after();
      if (after != null) {
        add(" AND (" + createdAt + ", " + id + ") < (?, ?)");
        arguments.add(after.createdAt());
        arguments.add(after.id());
      }
      add(" ORDER BY " + createdAt + " DESC, " + id + " DESC LIMIT ?", query.limit() + 1L);
    }

    Statement build() {
      return new Statement(text.toString(), List.copyOf(arguments));
    }
  }
}
