/**
 * Shows a history and its verdicts to people: a picture of a stretch of time, and a summary.
 * Decides nothing.
 */
@NullMarked
package dev.assetmanagerd.clustertests.chaos.report;

import org.jspecify.annotations.NullMarked;
