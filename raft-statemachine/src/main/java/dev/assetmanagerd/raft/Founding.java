package dev.assetmanagerd.raft;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Which directories a cluster begins with, one of each founder.
 *
 * <p>Every empty data directory gets a random name, its <em>incarnation</em>, before its node says
 * a word. The Raft group that founders form is named after the incarnations of all of them. So a
 * node whose directory was lost has another incarnation, and can neither vote nor acknowledge
 * anything in the group in which it has forgotten what it promised, whoever is asked and whoever is
 * silent.
 *
 * @param lineage of the cluster, made from the incarnations
 * @param founders incarnation by node id, in order
 */
public record Founding(String lineage, SortedMap<String, String> founders) {
  private static final int DIGITS = 16;

  /** Copies; {@link #of} is how to make one. */
  public Founding {
    founders = Collections.unmodifiableSortedMap(new TreeMap<>(founders));
  }

  /**
   * What these directories found; the same on each founder.
   *
   * @param founders incarnation by node id, of all founders
   */
  public static Founding of(String clusterId, Map<String, String> founders) {
    SortedMap<String, String> sorted = new TreeMap<>(founders);
    StringBuilder names = new StringBuilder(clusterId).append('\n');
    sorted.forEach(
        (id, incarnation) -> names.append(id).append('=').append(incarnation).append('\n'));
    return new Founding("founded-" + digest(names.toString()).substring(0, DIGITS), sorted);
  }

  /** Whether a node is one of the founders with this very directory. */
  public boolean includes(String nodeId, String incarnation) {
    return incarnation.equals(founders.get(nodeId));
  }

  private static String digest(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
