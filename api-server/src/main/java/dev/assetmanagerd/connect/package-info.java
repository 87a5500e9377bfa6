/**
 * The RPC front: serves Connect, gRPC and gRPC-Web from plain grpc-java services on an Armeria
 * server.
 *
 * <p>It knows protocols, not assets: nothing of this product but generic helpers may be imported
 * here.
 */
@NullMarked
package dev.assetmanagerd.connect;

import org.jspecify.annotations.NullMarked;
