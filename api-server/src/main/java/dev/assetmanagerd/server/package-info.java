/** One node put together: configuration in, a running server out, and its orderly end. */
@NullMarked
package dev.assetmanagerd.server;

import org.jspecify.annotations.NullMarked;
