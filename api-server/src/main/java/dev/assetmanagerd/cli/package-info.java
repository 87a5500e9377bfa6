/**
 * The command line. Talks to nodes through the public API and the cluster API alone, over gRPC.
 *
 * <p>Nothing of a running node may be used here; what is true of the answers is true for every
 * other client.
 */
@NullMarked
package dev.assetmanagerd.cli;

import org.jspecify.annotations.NullMarked;
