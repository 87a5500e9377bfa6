package dev.assetmanagerd.config;

/** What a node that starts with an empty directory asks the cluster to be. */
public enum JoinAs {
  LISTENER,
  VOTER,
  /** Nothing: it waits for somebody else to have it added. */
  NONE
}
