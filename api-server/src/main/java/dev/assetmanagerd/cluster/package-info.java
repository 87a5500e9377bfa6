/** What nodes and operators say to the cluster: status, leadership, forwarding between nodes. */
@NullMarked
package dev.assetmanagerd.cluster;

import org.jspecify.annotations.NullMarked;
