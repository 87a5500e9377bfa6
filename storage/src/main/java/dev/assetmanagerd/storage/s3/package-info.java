/**
 * Blobs as objects in a bucket of S3, or of a server that speaks its protocol.
 *
 * <p>The only place that knows the AWS SDK. What may not live here: assets, caches, configuration.
 */
@NullMarked
package dev.assetmanagerd.storage.s3;

import org.jspecify.annotations.NullMarked;
