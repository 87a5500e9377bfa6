/**
 * Blobs: immutable bytes under a location, and the stores that keep them.
 *
 * <p>The interface is split by what a caller may do: {@link
 * dev.assetmanagerd.storage.blob.BlobReader}, {@link dev.assetmanagerd.storage.blob.BlobWriter},
 * {@link dev.assetmanagerd.storage.blob.BlobDeleter}, {@link
 * dev.assetmanagerd.storage.blob.BlobLister}; one conformance suite holds for every store. Assets,
 * leases, Raft and configuration are not known here.
 */
@NullMarked
package dev.assetmanagerd.storage.blob;

import org.jspecify.annotations.NullMarked;
