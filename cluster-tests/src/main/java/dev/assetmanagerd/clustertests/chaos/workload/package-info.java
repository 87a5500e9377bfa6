/**
 * The recorded load of a run: clients that use the whole API at once, much as metald and builderd
 * do, and say in a history what they asked for and what became of it. They know the wire and what a
 * failed call may have done; whether the answers are right is for others to say.
 */
@NullMarked
package dev.assetmanagerd.clustertests.chaos.workload;

import org.jspecify.annotations.NullMarked;
