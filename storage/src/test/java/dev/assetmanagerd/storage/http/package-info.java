/** Tests. */
@NullMarked
package dev.assetmanagerd.storage.http;

import org.jspecify.annotations.NullMarked;
