package dev.assetmanagerd.clustertests.chaos.check;

/** What the checks are called, in verdicts and reports. */
public final class CheckNames {
  /** Of {@link LinearizabilityCheck}. */
  public static final String LINEARIZABLE = "linearizable per asset";

  /** Of {@link LostWritesCheck}. */
  public static final String LOST_WRITES = "no acknowledged write lost";

  /** Of {@link KeyedRepliesCheck}. */
  public static final String KEYS = "one key, one effect";

  /** Of {@link LeaseLifeCheck}. */
  public static final String LEASE_LIFE = "leases live as long as promised";

  /** Of the stopwatch beside the cluster. */
  public static final String STOPWATCH = "leases live as long as promised, by a stopwatch";

  /** Of {@link WriteGapCheck}. */
  public static final String WRITE_GAPS = "writes succeed with a quorum alive";

  /** Of {@link OutcomesCheck}. */
  public static final String OUTCOMES = "calls end as they may";

  /** Of {@link EnoughCheck}. */
  public static final String ENOUGH = "enough has happened";

  /** Of the harm itself: that it fails says nothing of the cluster's promises. */
  public static final String HARM = "harm is done and undone";

  /** Of the observer of leased assets. */
  public static final String OBSERVED = "leased assets are there and counted";

  /** Of the observer of blobs. */
  public static final String BLOBS = "blobs of leased assets are right";

  /** Of what the clients see for themselves. */
  public static final String BYTES = "clients get the bytes they asked for";

  /** Of the comparison of all replicas in the end. */
  public static final String REPLICAS = "replicas are equal";

  private CheckNames() {}
}
