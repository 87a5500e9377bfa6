/**
 * Blobs as files on this host: fetched once however many ask, verified before anybody sees them,
 * kept within bounds, never evicted while they are in use.
 *
 * <p>Where bytes come from is given with each request. What may not live here: knowledge of assets,
 * leases or the cluster.
 */
@NullMarked
package dev.assetmanagerd.storage.cache;

import org.jspecify.annotations.NullMarked;
