package dev.assetmanagerd.registry;

/**
 * A blob as the records of assets describe it.
 *
 * @param blob where it is
 * @param checksum lower-case hexadecimal SHA-256
 * @param sizeBytes of all of it
 */
public record StoredBlob(BlobRef blob, String checksum, long sizeBytes) {}
