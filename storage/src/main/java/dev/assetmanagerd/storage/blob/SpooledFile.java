package dev.assetmanagerd.storage.blob;

import java.nio.file.Path;

/**
 * A complete, flushed file that is ready for {@link BlobWriter#put}.
 *
 * @param path where it lies; it is gone when its {@link Spool} is closed, unless it was put
 * @param sizeBytes its size
 * @param digest of its content
 */
public record SpooledFile(Path path, long sizeBytes, Sha256 digest) {}
