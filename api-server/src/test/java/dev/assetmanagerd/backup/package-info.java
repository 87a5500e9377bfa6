@NullMarked
package dev.assetmanagerd.backup;

import org.jspecify.annotations.NullMarked;
