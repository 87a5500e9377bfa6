/**
 * Automatic builds of root file systems that somebody asks for and nobody has.
 *
 * <p>What is to be built, and how far it is, are rows of the replicated registry. Here is what acts
 * on them: the client of builderd, the coordinator that only works where this node leads, and those
 * who wait for a build on any node. The API is not known here; it asks this package.
 */
@NullMarked
package dev.assetmanagerd.build;

import org.jspecify.annotations.NullMarked;
