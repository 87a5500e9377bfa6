/**
 * Reading stored bytes again in the background, at a bounded rate, to find those that have rotted
 * before somebody needs them.
 *
 * <p>What may not live here: knowledge of assets or the cluster; who scrubs a store says which
 * blobs there are and what becomes of wrong ones.
 */
@NullMarked
package dev.assetmanagerd.storage.scrub;

import org.jspecify.annotations.NullMarked;
