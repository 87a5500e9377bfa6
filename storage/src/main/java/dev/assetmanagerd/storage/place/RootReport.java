package dev.assetmanagerd.storage.place;

import java.nio.file.Path;

/** What was found when an allowed root was tried out with files of the directory of blobs. */
public sealed interface RootReport {
  /** The allowed root. */
  Path root();

  /**
   * Files can be placed.
   *
   * @param readOnly how a read-only file comes there
   * @param writable how a writable one does
   */
  record Usable(Path root, PlacementMethod readOnly, PlacementMethod writable)
      implements RootReport {}

  /** It does not exist; it is made when first used. */
  record Missing(Path root) implements RootReport {}

  /**
   * Nothing can be placed there as things are.
   *
   * @param reason the kind of the problem
   * @param problem for people
   */
  record Unusable(Path root, PlacementException.Reason reason, String problem)
      implements RootReport {}
}
