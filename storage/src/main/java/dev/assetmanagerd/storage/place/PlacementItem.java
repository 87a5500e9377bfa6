package dev.assetmanagerd.storage.place;

import java.nio.file.Path;

/**
 * One file to place.
 *
 * @param source what it is made of
 * @param fileName its name in the target directory: no separators, no leading dot, no control
 *     characters, at most 255 bytes
 * @param mode what it is for
 */
public record PlacementItem(PlacementSource source, String fileName, PlacementMode mode) {
  /** Of a file of this host. */
  public PlacementItem(Path source, String fileName, PlacementMode mode) {
    this(new PlacementSource.OfFile(source), fileName, mode);
  }
}
