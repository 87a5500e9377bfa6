/** Tests of what the recorded workload decides by itself. */
@NullMarked
package dev.assetmanagerd.clustertests.chaos.workload;

import org.jspecify.annotations.NullMarked;
