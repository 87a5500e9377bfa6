package dev.assetmanagerd.clustertests.chaos.history;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a call was answered. What does not belong to its kind is empty or false.
 *
 * @param seen assets in the answer; of {@link Kind#COLLECT}, those that it deleted
 * @param leases that were granted, by asset
 * @param notFound leases that could not be renewed because they are gone
 * @param deleted of {@link Kind#DELETE}: whether it did; otherwise it was refused because of leases
 * @param complete of a list: whether an asset that was asked for and is not in it was not there
 */
public record Value(
    List<Seen> seen,
    Map<String, String> leases,
    List<String> notFound,
    boolean deleted,
    boolean complete) {
  /** An answer that says nothing but that it was done. */
  public static final Value DONE = new Value(List.of(), Map.of(), List.of(), false, false);

  /** Copies the collections. */
  public Value {
    seen = List.copyOf(seen);
    leases = java.util.Collections.unmodifiableMap(new TreeMap<>(leases));
    notFound = List.copyOf(notFound);
  }

  /** An answer with one asset. */
  public static Value of(Seen asset) {
    return new Value(List.of(asset), Map.of(), List.of(), false, false);
  }

  /** The answer to an acquire of one asset. */
  public static Value granted(Seen asset, String lease) {
    return granted(List.of(asset), Map.of(asset.asset(), lease));
  }

  /** The answer to an acquire of several assets. */
  public static Value granted(List<Seen> assets, Map<String, String> leases) {
    return new Value(assets, leases, List.of(), false, false);
  }

  /** The answer to a renewal. */
  public static Value renewed(List<String> notFound) {
    return new Value(List.of(), Map.of(), notFound, false, false);
  }

  /** The answer to a deletion that was done. */
  public static Value wasDeleted() {
    return new Value(List.of(), Map.of(), List.of(), true, false);
  }

  /**
   * The answer to a deletion that leases stood against.
   *
   * @param references how many, as the answer says
   */
  public static Value stillLeased(String asset, int references) {
    return of(Seen.available(asset, references, ""));
  }

  /** The answer to a list. */
  public static Value listed(List<Seen> assets, boolean complete) {
    return new Value(assets, Map.of(), List.of(), false, complete);
  }
}
