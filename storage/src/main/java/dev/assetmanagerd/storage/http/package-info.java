/**
 * Blobs at HTTP addresses outside: read, never written or deleted.
 *
 * <p>An address comes from whoever calls the API, so the node must not become a way into networks
 * that only it can reach. {@link dev.assetmanagerd.storage.http.HttpLocation} says which addresses
 * are well-formed, {@link dev.assetmanagerd.storage.http.HostList} which hosts may be asked, {@link
 * dev.assetmanagerd.storage.http.AddressRules} which network addresses may be connected to. All
 * three hold for each redirect too.
 */
@NullMarked
package dev.assetmanagerd.storage.http;

import org.jspecify.annotations.NullMarked;
