/**
 * The asset service: validation, and the ten RPCs on top of the replicated registry and the blob
 * store.
 */
@NullMarked
package dev.assetmanagerd.asset;

import org.jspecify.annotations.NullMarked;
