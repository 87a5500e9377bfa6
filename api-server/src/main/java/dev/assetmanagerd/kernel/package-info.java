/**
 * The kernel that VMs get where nobody chose one: recognised by the header of its file, and
 * registered by the leader where no kernel is registered. Knows the registry and reads the blob
 * store; asks others to register.
 */
@NullMarked
package dev.assetmanagerd.kernel;

import org.jspecify.annotations.NullMarked;
