/** A cluster of local processes for development. */
@NullMarked
package dev.assetmanagerd.dev;

import org.jspecify.annotations.NullMarked;
