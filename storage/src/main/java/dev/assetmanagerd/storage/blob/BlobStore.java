package dev.assetmanagerd.storage.blob;

/** A store that can do everything; wire it up once and hand out the roles. */
public interface BlobStore
    extends BlobReader, BlobWriter, BlobDeleter, BlobLister, BlobCleaner, BlobQuarantine {}
