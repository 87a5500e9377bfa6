package dev.assetmanagerd.storage.blob;

import java.io.IOException;

/** Takes wrong bytes out of the way. Thread-safe; blocks for I/O. */
public interface BlobQuarantine {
  /**
   * Of what was set aside and has its blob in its place again, so many are kept; the oldest go. All
   * others are kept for as long as people leave them there.
   */
  int MAX_SET_ASIDE = 8;

  /**
   * Moves the bytes of a blob to where no location leads, for people to look at. When this returns
   * true, nobody finds a blob at the location, and it can be put again. When this throws, it may
   * have been done, or be done later.
   *
   * @param wrong what {@link BlobReader#stat} said before its bytes were found to be wrong; a blob
   *     that is another by now is left as it is
   * @param replaceable whether the right bytes are at hand; without them, nothing is removed of
   *     which no copy can be kept
   * @return false where nothing was moved: the blob is gone, or another
   * @throws InvalidLocationException when the location is not one of this store's
   * @throws BlobTooLargeException when the store can keep no copy of it and it is not replaceable
   */
  boolean setAside(BlobStat wrong, boolean replaceable) throws IOException;
}
