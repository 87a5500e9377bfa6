package dev.assetmanagerd.raft;

import java.io.IOException;

/**
 * What a node holds on its disk is damaged, incomplete or somebody else's: it must not take part.
 * Only a copy from the other members brings it back.
 */
final class DamagedException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * @param what is damaged, and how it was noticed
   */
  DamagedException(String what) {
    super(what + ". " + REMEDY);
  }

  /** As above, with what was thrown when it was noticed. */
  DamagedException(String what, Throwable cause) {
    super(what + ". " + REMEDY, cause);
  }

  private static final String REMEDY =
      "This node must not take part like that; \"assetmanagerd node rebuild\" brings it back from"
          + " the others";
}
