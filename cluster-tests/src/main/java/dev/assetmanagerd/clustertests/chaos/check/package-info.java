/**
 * Decides whether a recorded history keeps what was promised. Looks at the history alone, never at
 * a cluster, so that a verdict can be had again from the file.
 */
@NullMarked
package dev.assetmanagerd.clustertests.chaos.check;

import org.jspecify.annotations.NullMarked;
