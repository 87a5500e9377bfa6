package dev.assetmanagerd.asset;

import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.cache.BlobSource;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;

/** A blob in a store. */
record StoreSource(String name, BlobReader store, String location) implements BlobSource {
  @Override
  public ReadableByteChannel open(long offset, long length) throws IOException {
    return store.open(location, offset, length);
  }
}
