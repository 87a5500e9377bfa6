package dev.assetmanagerd.clustertests.observe;

import java.io.IOException;
import java.util.List;

/** A look into the blob store past the product. Thread-safe. */
public interface StoreView {
  /**
   * What a blob contains.
   *
   * @param location as its asset has it
   * @return lower-case hexadecimal SHA-256, or {@code missing}
   */
  String sha256(String location) throws IOException;

  /** Locations of all blobs. */
  List<String> blobs() throws IOException;

  /** What is there of uploads that have not ended, in words; empty in a quiet store. */
  List<String> unfinished() throws IOException;
}
