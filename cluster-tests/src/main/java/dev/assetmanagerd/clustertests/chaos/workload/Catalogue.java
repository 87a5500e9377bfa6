package dev.assetmanagerd.clustertests.chaos.workload;

import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.clustertests.chaos.workload.AssetSpec.Content;
import dev.assetmanagerd.clustertests.client.RandomContent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * All ids that a workload works on, in groups that can be listed. Some are hot, so that clients
 * meet there. Immutable.
 */
final class Catalogue {
  /** Assets of a group. */
  static final int GROUP = 12;

  /** Blobs that are always there, for assets to be registered for. */
  static final int ANCHORS = 4;

  private static final int HOT_MAX = 10;
  private static final double HOT_SHARE = 0.4;
  private static final int CONTENTS = 2;
  private static final int BYTES_LEAST = 1 << 10;
  private static final int BYTES_MORE = 15 << 10;

  private final String run;
  private final List<AssetSpec> assets = new ArrayList<>();
  private final List<AssetSpec> hot;
  private final List<Content> anchors;
  private final Map<String, AssetSpec> byId = new HashMap<>();

  /**
   * Chooses all of it.
   *
   * @param run begins every id; no other workload of the cluster may have it
   */
  Catalogue(String run, int count, RandomGenerator random) {
    this.run = run;
    this.anchors = contents(ANCHORS, random);
    for (int i = 0; i < count; i++) {
      AssetSpec asset = asset(i, random);
      assets.add(asset);
      byId.put(asset.id(), asset);
    }
    this.hot =
        IntStream.range(0, count)
            .filter(i -> i % GROUP == 0)
            .limit(HOT_MAX)
            .mapToObj(assets::get)
            .toList();
  }

  private AssetSpec asset(int number, RandomGenerator random) {
    int group = number / GROUP;
    boolean uploaded = group % 5 == 4;
    List<Content> contents =
        uploaded
            ? contents(CONTENTS, random)
            : List.of(anchors.get(number % ANCHORS), anchors.get((number + 1) % ANCHORS));
    return new AssetSpec(
        "%s-%c%d".formatted(run, uploaded ? 'u' : 'r', number),
        group,
        group % 4 == 1 ? AssetType.ASSET_TYPE_KERNEL : AssetType.ASSET_TYPE_DISK_IMAGE,
        uploaded,
        group % 2 == 0,
        contents);
  }

  private static List<Content> contents(int count, RandomGenerator random) {
    List<Content> contents = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      RandomContent bytes =
          new RandomContent(random.nextLong(), BYTES_LEAST + random.nextInt(BYTES_MORE));
      contents.add(new Content(bytes.seed(), bytes.size(), bytes.sha256()));
    }
    return contents;
  }

  /** What begins all ids, and is the value of a label of all assets. */
  String run() {
    return run;
  }

  List<Content> anchors() {
    return anchors;
  }

  List<String> ids() {
    return assets.stream().map(AssetSpec::id).toList();
  }

  /** An asset by its id; null for one of somebody else's. */
  @Nullable AssetSpec find(String id) {
    return byId.get(id);
  }

  /** Any asset, a hot one rather often. */
  AssetSpec any(RandomGenerator random) {
    List<AssetSpec> from = random.nextDouble() < HOT_SHARE ? hot : assets;
    return from.get(random.nextInt(from.size()));
  }

  /** Some different assets. */
  Set<AssetSpec> several(int count, RandomGenerator random) {
    Set<AssetSpec> several = new LinkedHashSet<>();
    for (int i = 0; i < count; i++) {
      several.add(any(random));
    }
    return several;
  }

  /** Any asset of one sort. */
  AssetSpec any(RandomGenerator random, boolean uploaded) {
    List<AssetSpec> sort = assets.stream().filter(asset -> asset.uploaded() == uploaded).toList();
    return sort.isEmpty() ? any(random) : sort.get(random.nextInt(sort.size()));
  }

  /** One of some parts that have all assets together. */
  List<AssetSpec> share(int part, int parts) {
    return IntStream.range(0, assets.size())
        .filter(i -> i % parts == part)
        .mapToObj(assets::get)
        .toList();
  }

  List<String> idsOfGroup(int group) {
    return assets.stream().filter(asset -> asset.group() == group).map(AssetSpec::id).toList();
  }
}
