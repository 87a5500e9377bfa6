/** Tests. */
@NullMarked
package dev.assetmanagerd.storage.place;

import org.jspecify.annotations.NullMarked;
