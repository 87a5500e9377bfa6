/**
 * What a single-node daemon leaves behind, made up: its database and its files, and the command
 * that imports them. Always the same for the same sizes.
 */
@NullMarked
package dev.assetmanagerd.clustertests.olddaemon;

import org.jspecify.annotations.NullMarked;
