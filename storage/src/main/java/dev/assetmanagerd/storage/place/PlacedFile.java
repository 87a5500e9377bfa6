package dev.assetmanagerd.storage.place;

import java.nio.file.Path;

/**
 * A file in its place.
 *
 * @param path under the target directory as the caller gave it (absolute, normalised)
 * @param method how it came there
 * @param sizeBytes its size
 */
public record PlacedFile(Path path, PlacementMethod method, long sizeBytes) {}
