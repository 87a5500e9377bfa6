package dev.assetmanagerd.clustertests.observe;

import dev.assetmanagerd.api.v1.Asset;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Compares the blobs of a quiet store with the assets that refer to them. */
public final class StoreAudit {
  private StoreAudit() {}

  /**
   * Looks for blobs that nobody refers to, assets without a blob, and uploads left half done.
   *
   * @param store the directory of the store
   * @param assets all there are, in whatever state
   * @return everything that is wrong; empty when all is well
   */
  public static List<String> check(Path store, Collection<Asset> assets) {
    try {
      return check(new FileStore(store), assets);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The same for any store. */
  public static List<String> check(StoreView store, Collection<Asset> assets) throws IOException {
    Set<String> referenced =
        assets.stream().map(Asset::getLocation).collect(Collectors.toCollection(TreeSet::new));
    List<String> wrong = new ArrayList<>();
    store.unfinished().forEach(left -> wrong.add("left over from an upload: " + left));
    Set<String> stored = new TreeSet<>(store.blobs());
    for (String blob : stored) {
      if (!referenced.contains(blob)) {
        wrong.add("no asset refers to the blob " + blob);
      }
    }
    for (Asset asset : assets) {
      if (!stored.contains(asset.getLocation())) {
        wrong.add("missing is the blob of " + asset.getId() + ", " + asset.getLocation());
      }
    }
    return wrong;
  }

  /** Paths of all files, relative to the store. */
  public static List<String> files(Path store) {
    try (Stream<Path> below = Files.walk(store)) {
      return below
          .filter(Files::isRegularFile)
          .map(file -> store.relativize(file).toString())
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
