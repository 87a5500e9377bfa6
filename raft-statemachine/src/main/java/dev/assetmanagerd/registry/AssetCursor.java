package dev.assetmanagerd.registry;

/**
 * The key of an asset in listing order.
 *
 * @param createdAt Unix seconds
 * @param id id of the asset
 */
public record AssetCursor(long createdAt, String id) {}
