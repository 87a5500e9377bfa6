/**
 * Looks at a cluster from outside while others use it, and says which promise is broken: at the
 * files of the store, at what the API answers, at a stopwatch. What ought to be comes from the
 * accounts of the clients alone, never from the cluster.
 */
@NullMarked
package dev.assetmanagerd.clustertests.observe;

import org.jspecify.annotations.NullMarked;
