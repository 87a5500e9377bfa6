package dev.assetmanagerd.clustertests.chaos.history;

import java.util.List;

/**
 * What a call said beyond the assets it was about. What does not belong to its kind is empty, 0 or
 * false.
 *
 * @param leases that are to be renewed or released
 * @param ttlMillis how long leases are to live; of a session, with its grace; 0 = for ever, or as
 *     long as they did before
 * @param session that leases live with, or that is opened, kept or closed
 * @param force whether to delete although leases are held
 * @param content what the asset is to be, comparable with {@link Seen#content}; empty where it does
 *     not matter
 * @param relaxed whether a read did not ask to be linearizable
 */
public record Input(
    List<String> leases,
    long ttlMillis,
    String session,
    boolean force,
    String content,
    boolean relaxed) {
  /** Nothing more than the assets. */
  public static final Input NONE = new Input(List.of(), 0, "", false, "", false);

  /** Copies the list. */
  public Input {
    leases = List.copyOf(leases);
  }

  /** This, for some leases. */
  public Input withLeases(List<String> newLeases) {
    return new Input(newLeases, ttlMillis, session, force, content, relaxed);
  }

  /** This, with a time to live in milliseconds. */
  public Input withTtlMillis(long newTtlMillis) {
    return new Input(leases, newTtlMillis, session, force, content, relaxed);
  }

  /** This, with a session. */
  public Input withSession(String newSession) {
    return new Input(leases, ttlMillis, newSession, force, content, relaxed);
  }

  /** This, by force. */
  public Input byForce() {
    return new Input(leases, ttlMillis, session, true, content, relaxed);
  }

  /** This, with content. */
  public Input withContent(String newContent) {
    return new Input(leases, ttlMillis, session, force, newContent, relaxed);
  }

  /** This, as a read that may be stale. */
  public Input notLinearizable() {
    return new Input(leases, ttlMillis, session, force, content, true);
  }
}
