package dev.assetmanagerd.clustertests.chaos.workload;

import dev.assetmanagerd.api.v1.AssetType;
import java.util.List;

/**
 * An id that clients work on, and what they make of it: one of two contents, never both at a time.
 *
 * @param id of the asset
 * @param group its number, for lists
 * @param type kernels are hard links where they are prepared, disk images are written to
 * @param uploaded whether its bytes are brought each time; otherwise it is registered for bytes
 *     that are there
 * @param steady whether it is never deleted by force
 * @param contents the usual one first
 */
record AssetSpec(
    String id,
    int group,
    AssetType type,
    boolean uploaded,
    boolean steady,
    List<Content> contents) {
  /** Bytes that an asset can have, as they are made of a seed. */
  record Content(long seed, long size, String sha256) {}

  AssetSpec {
    contents = List.copyOf(contents);
  }

  boolean isKernel() {
    return type == AssetType.ASSET_TYPE_KERNEL;
  }

  boolean canBe(String sha256) {
    return contents.stream().anyMatch(content -> content.sha256().equals(sha256));
  }
}
