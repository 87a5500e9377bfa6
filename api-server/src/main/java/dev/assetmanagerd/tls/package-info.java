/**
 * Who this program is on a network and whom it trusts: identities that are replaced while
 * connections live on, and how servers and clients use them.
 */
@NullMarked
package dev.assetmanagerd.tls;

import org.jspecify.annotations.NullMarked;
