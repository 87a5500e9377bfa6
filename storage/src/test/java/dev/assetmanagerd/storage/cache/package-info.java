/** Tests. */
@NullMarked
package dev.assetmanagerd.storage.cache;

import org.jspecify.annotations.NullMarked;
