/**
 * A real S3 server for tests, and a proxy in front of it that breaks things.
 *
 * <p>The server runs in a process of its own with a class path of its own, so that none of its
 * libraries meets those of the product. Nothing of the product may be known here.
 */
@NullMarked
package dev.assetmanagerd.s3server;

import org.jspecify.annotations.NullMarked;
