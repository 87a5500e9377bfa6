/** Tests of the pace and the order of scrubbing. */
@NullMarked
package dev.assetmanagerd.storage.scrub;

import org.jspecify.annotations.NullMarked;
