/**
 * Runs of the chaos suite: a cluster, clients, observers, one nemesis or several, and in the end
 * the judgement.
 */
@NullMarked
package dev.assetmanagerd.clustertests.chaos.run;

import org.jspecify.annotations.NullMarked;
