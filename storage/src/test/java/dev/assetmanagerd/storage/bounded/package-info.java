/** Tests. */
@NullMarked
package dev.assetmanagerd.storage.bounded;

import org.jspecify.annotations.NullMarked;
