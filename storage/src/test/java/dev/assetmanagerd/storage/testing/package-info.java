/** Help for the tests of this module. */
@NullMarked
package dev.assetmanagerd.storage.testing;

import org.jspecify.annotations.NullMarked;
