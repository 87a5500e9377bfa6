/**
 * Placement: putting a blob's file into a directory of somebody else's (a VM's jailer directory) so
 * that it is there whole or not at all, and the blob itself can never be changed through it.
 *
 * <p>Only local paths are known here; neither assets nor stores.
 */
@NullMarked
package dev.assetmanagerd.storage.place;

import org.jspecify.annotations.NullMarked;
