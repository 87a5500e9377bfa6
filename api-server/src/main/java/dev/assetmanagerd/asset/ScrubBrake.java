package dev.assetmanagerd.asset;

import dev.assetmanagerd.storage.blob.BlobQuarantine;

/**
 * Ends a round that finds more wrong blobs than there can be, for then it is more likely that this
 * node reads wrongly: its memory, its network card or its mount may be broken. For one thread; a
 * new one for each round.
 */
final class ScrubBrake {
  /** Disks lose single blobs; a second copy of each would have to be missing as well. */
  static final int MAX_WITHOUT_COPY = 3;

  /** No more than the store keeps when they are made again, so that none of them is lost by it. */
  static final int MAX_IN_ALL = BlobQuarantine.MAX_SET_ASIDE;

  private int withoutCopy;
  private int inAll;

  /** A round that must not go on. */
  static final class DistrustedException extends Exception {
    private static final long serialVersionUID = 1L;

    DistrustedException(String message) {
      super(message);
    }
  }

  /**
   * To be called before anything is done to a blob.
   *
   * @param hasCopy whether another copy of it has the right bytes
   * @throws DistrustedException when nothing may be done to this one, nor to any after it
   */
  void found(boolean hasCopy) throws DistrustedException {
    inAll++;
    withoutCopy += hasCopy ? 0 : 1;
    if (withoutCopy > MAX_WITHOUT_COPY) {
      throw new DistrustedException(
          "of %d wrong blobs there is no other copy".formatted(withoutCopy));
    }
    if (inAll > MAX_IN_ALL) {
      throw new DistrustedException("%d blobs are wrong".formatted(inAll));
    }
  }
}
