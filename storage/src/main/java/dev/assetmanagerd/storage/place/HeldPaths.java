package dev.assetmanagerd.storage.place;

import java.util.ArrayList;
import java.util.List;

/** The paths that one request holds until it is done. For one thread. */
final class HeldPaths implements AutoCloseable {
  private final List<HeldPath> all = new ArrayList<>();

  HeldPath add(HeldPath path) {
    all.add(path);
    return path;
  }

  @Override
  public void close() {
    all.forEach(HeldPath::close);
    all.clear();
  }
}
