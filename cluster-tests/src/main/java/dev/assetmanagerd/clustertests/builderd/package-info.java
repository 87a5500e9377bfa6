/**
 * A stand-in of builderd: a server process of its own that speaks builderd's protocol, builds
 * random bytes, uploads them as builderd does, misbehaves as it is told, and counts.
 */
@NullMarked
package dev.assetmanagerd.clustertests.builderd;

import org.jspecify.annotations.NullMarked;
