package dev.assetmanagerd.storage.blob;

import java.time.Instant;

/**
 * What a store knows of a blob without reading it.
 *
 * @param location where it is
 * @param sizeBytes its size
 * @param lastModified when its bytes were last written, by the clock of the store, which may differ
 *     from this host's; compare it with {@link BlobLister#storeTime()} alone
 */
public record BlobStat(String location, long sizeBytes, Instant lastModified) {}
