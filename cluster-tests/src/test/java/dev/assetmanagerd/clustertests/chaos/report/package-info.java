/** Tests of the pictures and summaries. */
@NullMarked
package dev.assetmanagerd.clustertests.chaos.report;

import org.jspecify.annotations.NullMarked;
