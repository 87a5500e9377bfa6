/**
 * The process itself: signals, its parent, its log, its version, and the faults that tests order in
 * it. Nothing here knows assets, Raft or HTTP.
 */
@NullMarked
package dev.assetmanagerd.process;

import org.jspecify.annotations.NullMarked;
