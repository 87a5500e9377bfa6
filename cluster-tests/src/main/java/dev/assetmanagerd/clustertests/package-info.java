/**
 * Clusters of real processes, and what can be done to them: start, kill, wipe, wait, compare.
 *
 * <p>Nothing here reaches into a node: the only ways in are its ports, its signals and its files.
 * No rule of the product lives here.
 */
@NullMarked
package dev.assetmanagerd.clustertests;

import org.jspecify.annotations.NullMarked;
