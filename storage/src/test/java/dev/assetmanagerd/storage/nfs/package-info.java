/** Tests of the package of the same name. */
@NullMarked
package dev.assetmanagerd.storage.nfs;

import org.jspecify.annotations.NullMarked;
