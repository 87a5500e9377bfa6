package dev.assetmanagerd.build;

import java.net.URI;
import java.time.Duration;

/**
 * How this node has images built.
 *
 * @param enabled whether missing images are built at all
 * @param endpoint of builderd, http or https
 * @param callTimeout bound of one call of builderd
 * @param timeout bound of one build, from the first request for it
 * @param autoRegister whether builderd uploads what it has built
 * @param maxRetries how often a build is asked for again that builderd did not take, or lost
 * @param retryDelay pause before the first retry; doubled for each further one
 * @param pollInterval how often builderd is asked how far a build is
 * @param startGrace how long the result of a build is waited for, of which it is not known whether
 *     builderd took it, before builderd is asked again
 * @param uploadGrace how long an asset may take to appear after builderd says that it is done
 * @param failureTtl how long the first failure in a row is the answer; doubled for each further
 *     one, up to an hour
 */
public record BuildSettings(
    boolean enabled,
    URI endpoint,
    Duration callTimeout,
    Duration timeout,
    boolean autoRegister,
    int maxRetries,
    Duration retryDelay,
    Duration pollInterval,
    Duration startGrace,
    Duration uploadGrace,
    Duration failureTtl) {}
