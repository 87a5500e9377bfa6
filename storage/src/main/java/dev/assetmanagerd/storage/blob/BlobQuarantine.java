package dev.assetmanagerd.storage.blob;

import java.io.IOException;

/** Takes wrong bytes out of the way. Thread-safe; blocks for I/O. */
public interface BlobQuarantine {
  /** Of the files set aside, so many are kept; the oldest go. */
  int MAX_SET_ASIDE = 8;

  /**
   * Moves the bytes of a blob to where no location leads, for people to look at. When this returns
   * true, nobody finds a blob at the location, and it can be put again.
   *
   * @param wrong what {@link BlobReader#stat} said before its bytes were found to be wrong; a blob
   *     that is another by now is left as it is
   * @return false where nothing was moved: the blob is gone, or another
   * @throws InvalidLocationException when the location is not one of this store's
   */
  boolean setAside(BlobStat wrong) throws IOException;
}
