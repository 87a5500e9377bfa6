/**
 * Where the nodes of a cluster live: on loopback, or each in a network namespace with an address of
 * its own, where links can be cut, lose packets or be slow. What runs there is not this package's.
 */
@NullMarked
package dev.assetmanagerd.clustertests.network;

import org.jspecify.annotations.NullMarked;
