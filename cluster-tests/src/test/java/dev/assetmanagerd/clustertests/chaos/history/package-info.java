/** Tests of histories as files. */
@NullMarked
package dev.assetmanagerd.clustertests.chaos.history;

import org.jspecify.annotations.NullMarked;
