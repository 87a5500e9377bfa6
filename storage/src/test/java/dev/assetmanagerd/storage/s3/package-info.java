/** Tests of blobs in S3, against a real server in a process of its own. */
@NullMarked
package dev.assetmanagerd.storage.s3;

import org.jspecify.annotations.NullMarked;
