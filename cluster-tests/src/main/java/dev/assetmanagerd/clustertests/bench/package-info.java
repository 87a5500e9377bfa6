/**
 * Benchmarks: each measures, prints a Markdown table and asserts nothing. What they compare runs in
 * the same run, in turns, because figures of a shared machine mean something only side by side.
 */
@NullMarked
package dev.assetmanagerd.clustertests.bench;

import org.jspecify.annotations.NullMarked;
