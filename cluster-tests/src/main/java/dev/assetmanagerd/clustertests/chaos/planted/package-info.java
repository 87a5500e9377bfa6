/**
 * Mistakes that the suite must find: small changes to the product's source, compiled and put before
 * its class path in a run. They are edits of the source as it is, so a change of that source that
 * makes one meaningless is noticed.
 */
@NullMarked
package dev.assetmanagerd.clustertests.chaos.planted;

import org.jspecify.annotations.NullMarked;
