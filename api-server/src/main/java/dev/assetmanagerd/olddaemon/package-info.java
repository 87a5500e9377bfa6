/**
 * Reads the SQLite database of a single-node daemon, whatever state it is in.
 *
 * <p>Knows what the rows look like and how they may be broken; what becomes of them is for others
 * to say. Nothing of a node or a client belongs here.
 */
@NullMarked
package dev.assetmanagerd.olddaemon;

import org.jspecify.annotations.NullMarked;
