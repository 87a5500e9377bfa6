/** Tests with several processes: what a cluster promises while things go wrong. */
@NullMarked
package dev.assetmanagerd.clustertests;

import org.jspecify.annotations.NullMarked;
