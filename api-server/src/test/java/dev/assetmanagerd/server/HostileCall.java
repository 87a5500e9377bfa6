package dev.assetmanagerd.server;

import java.util.Map;
import java.util.Set;

/**
 * A call that must be refused.
 *
 * @param title what is wrong with it
 * @param method full name
 * @param json the request
 * @param headers beside the usual ones
 * @param codes any of which is right
 * @param field that the message has to name
 */
record HostileCall(
    String title,
    String method,
    String json,
    Map<String, String> headers,
    Set<String> codes,
    String field) {
  @Override
  public String toString() {
    return title;
  }
}
