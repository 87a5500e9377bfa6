package dev.assetmanagerd.registry;

/**
 * What time it is for a command of an entry, and by which rules it is applied. There is no other
 * source of either in apply.
 *
 * @param wallSeconds wall clock of the leader in Unix seconds, for people
 * @param clockMillis the cluster clock after the entry has moved it
 * @param term of the leader that stamped the entry
 * @param formatLevel of the registry as the command finds it. Whatever a newer program does
 *     differently with a command that an older one knows, it does only from some level on, as in
 *     {@code time.formatLevel() >= 3}
 */
record EntryTime(long wallSeconds, long clockMillis, long term, int formatLevel) {}
