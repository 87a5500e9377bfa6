/**
 * Clients of the public API as the tests and benchmarks need them, and a load that keeps accounts
 * of what it was promised. They know the wire and nothing of how a node works inside.
 */
@NullMarked
package dev.assetmanagerd.clustertests.client;

import org.jspecify.annotations.NullMarked;
