/**
 * What a directory of blobs is mounted from, looked at before it is used: a missing NFS mount
 * leaves an empty directory behind that would pass for an empty store.
 *
 * <p>Neither blobs nor configuration are known here.
 */
@NullMarked
package dev.assetmanagerd.storage.nfs;

import org.jspecify.annotations.NullMarked;
