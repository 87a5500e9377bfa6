/** Tests of planting mistakes. */
@NullMarked
package dev.assetmanagerd.clustertests.chaos.planted;

import org.jspecify.annotations.NullMarked;
