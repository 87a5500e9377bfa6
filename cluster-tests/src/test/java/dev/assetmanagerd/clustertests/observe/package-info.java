/** Tests of the observers themselves. */
@NullMarked
package dev.assetmanagerd.clustertests.observe;

import org.jspecify.annotations.NullMarked;
