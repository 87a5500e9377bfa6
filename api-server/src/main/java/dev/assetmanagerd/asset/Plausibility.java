package dev.assetmanagerd.asset;

/**
 * The point from which it is more likely that the wrong directory is mounted, or that the registry
 * is that of another cluster, than that so many blobs and records do not belong together.
 */
final class Plausibility {
  private static final int FEW = 10;

  private Plausibility() {}

  /** Whether more than half, and more than a few, are without their counterpart. */
  static boolean isImplausible(long without, long all) {
    return without > FEW && without > all - without;
  }
}
