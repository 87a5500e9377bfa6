/**
 * What happened in a run: every call of every client with its times and its outcome, and every
 * fault, as JSON lines. Only facts as the clients saw them; what they mean is for others to say.
 */
@NullMarked
package dev.assetmanagerd.clustertests.chaos.history;

import org.jspecify.annotations.NullMarked;
