/**
 * The server that the official Connect conformance suite is run against: the product's RPC front
 * with the suite's service behind it. Started by {@code cluster-tests/conformance/run.sh}.
 */
@NullMarked
package dev.assetmanagerd.conformance;

import org.jspecify.annotations.NullMarked;
