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

/** Compares the files of a quiet store with the assets that refer to them. */
public final class StoreAudit {
  private static final String STAGING = ".staging";

  private StoreAudit() {}

  /**
   * Looks for blobs that nobody refers to, assets without a blob, and uploads left half done.
   *
   * @param store the directory of the store
   * @param assets all there are, in whatever state
   * @return everything that is wrong; empty when all is well
   */
  public static List<String> check(Path store, Collection<Asset> assets) {
    Set<String> referenced =
        assets.stream().map(Asset::getLocation).collect(Collectors.toCollection(TreeSet::new));
    Set<String> stored = new TreeSet<>();
    List<String> wrong = new ArrayList<>();
    for (String file : files(store)) {
      if (file.startsWith(STAGING + "/")) {
        wrong.add("left over from an upload: " + file);
      } else {
        stored.add(file);
      }
    }
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
