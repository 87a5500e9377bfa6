/** The command line. Talks to nodes through the public API alone. */
@NullMarked
package dev.assetmanagerd.cli;

import org.jspecify.annotations.NullMarked;
