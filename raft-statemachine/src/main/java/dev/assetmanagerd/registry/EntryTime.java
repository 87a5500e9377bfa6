package dev.assetmanagerd.registry;

/**
 * What time it is for the commands of one entry. There is no other source of time in apply.
 *
 * @param wallSeconds wall clock of the leader in Unix seconds, for people
 * @param clockMillis the cluster clock after the entry has moved it
 * @param term of the leader that stamped the entry
 */
record EntryTime(long wallSeconds, long clockMillis, long term) {}
