/** Tests of where nodes live. */
@NullMarked
package dev.assetmanagerd.clustertests.network;

import org.jspecify.annotations.NullMarked;
