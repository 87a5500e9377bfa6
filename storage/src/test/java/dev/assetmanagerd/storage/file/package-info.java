/** Tests. */
@NullMarked
package dev.assetmanagerd.storage.file;

import org.jspecify.annotations.NullMarked;
