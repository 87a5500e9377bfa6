/**
 * What goes wrong in a chaos run: each nemesis does one kind of harm to a cluster, for a while, and
 * undoes it, and writes down when. What clients see of it, and whether that is right, is decided
 * elsewhere.
 */
@NullMarked
package dev.assetmanagerd.clustertests.chaos.nemesis;

import org.jspecify.annotations.NullMarked;
