/** Tests of chaos runs themselves. */
@NullMarked
package dev.assetmanagerd.clustertests.chaos.run;

import org.jspecify.annotations.NullMarked;
