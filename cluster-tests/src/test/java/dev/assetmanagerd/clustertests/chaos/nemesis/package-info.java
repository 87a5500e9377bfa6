@NullMarked
package dev.assetmanagerd.clustertests.chaos.nemesis;

import org.jspecify.annotations.NullMarked;
