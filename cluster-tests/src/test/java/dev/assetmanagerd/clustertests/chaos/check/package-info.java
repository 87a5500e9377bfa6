/** Tests of the checks: they find what is wrong, and nothing else. */
@NullMarked
package dev.assetmanagerd.clustertests.chaos.check;

import org.jspecify.annotations.NullMarked;
