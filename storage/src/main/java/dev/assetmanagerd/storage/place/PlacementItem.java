package dev.assetmanagerd.storage.place;

import java.nio.file.Path;

/**
 * One file to place.
 *
 * @param source an existing regular file; never written to
 * @param fileName its name in the target directory: no separators, no leading dot, no control
 *     characters, at most 255 bytes
 * @param mode what it is for
 */
public record PlacementItem(Path source, String fileName, PlacementMode mode) {}
