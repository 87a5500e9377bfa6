/** Tests. */
@NullMarked
package dev.assetmanagerd.storage.blob;

import org.jspecify.annotations.NullMarked;
