package dev.assetmanagerd.storage.blob;

/**
 * What a store knows of a blob without reading it.
 *
 * @param location where it is
 * @param sizeBytes its size
 */
public record BlobStat(String location, long sizeBytes) {}
