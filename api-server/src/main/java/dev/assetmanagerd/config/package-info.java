/**
 * Configuration: environment variables, read once, typed and checked. The only place that knows
 * their names.
 */
@NullMarked
package dev.assetmanagerd.config;

import org.jspecify.annotations.NullMarked;
