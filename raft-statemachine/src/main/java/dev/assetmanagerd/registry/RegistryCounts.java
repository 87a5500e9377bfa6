package dev.assetmanagerd.registry;

/**
 * How much a registry holds.
 *
 * @param assets of whatever status
 * @param leases those that have expired and were not ended yet included
 * @param sessions likewise
 */
public record RegistryCounts(long assets, long leases, long sessions) {}
