/**
 * Access to a directory whose file system may hang: a bounded number of threads do the work, and
 * callers wait for them for a bounded time.
 *
 * <p>Anything that needs a thread per call into the file system belongs here. What the calls are
 * about does not.
 */
@NullMarked
package dev.assetmanagerd.storage.bounded;

import org.jspecify.annotations.NullMarked;
