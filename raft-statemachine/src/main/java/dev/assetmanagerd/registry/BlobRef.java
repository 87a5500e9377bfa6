package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.StorageBackend;

/**
 * Where the bytes of assets are.
 *
 * @param location path, key or URL, by backend
 */
public record BlobRef(StorageBackend backend, String location) {}
