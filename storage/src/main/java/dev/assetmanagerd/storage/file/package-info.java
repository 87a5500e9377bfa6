/**
 * What the other packages of this module need from the file system and the JDK does not offer in
 * one call: durable renames, the kind of a failure, retries on stale handles, shared extents.
 *
 * <p>Neither blobs nor placement are known here.
 */
@NullMarked
package dev.assetmanagerd.storage.file;

import org.jspecify.annotations.NullMarked;
