/**
 * Backups of the registry: the file format, making, checking and reading one, the places they are
 * kept in, and the leader's duty to make and prune them. Knows nothing of configuration or of the
 * command line; what the registry remembers of backups is the registry's own.
 */
@NullMarked
package dev.assetmanagerd.backup;

import org.jspecify.annotations.NullMarked;
