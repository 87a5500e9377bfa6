/** Tests of the S3 server's start and of the proxy that breaks things. */
@NullMarked
package dev.assetmanagerd.s3server;

import org.jspecify.annotations.NullMarked;
