package dev.assetmanagerd.s3server;

/**
 * A request that came to the proxy.
 *
 * @param method of HTTP
 * @param path without the query, as it was sent
 * @param query without the question mark; empty when there is none
 */
public record ProxiedRequest(String method, String path, String query) {
  static ProxiedRequest parse(String startLine) {
    String[] words = startLine.split(" ", 3);
    String target = words.length > 1 ? words[1] : "";
    int mark = target.indexOf('?');
    return mark < 0
        ? new ProxiedRequest(words[0], target, "")
        : new ProxiedRequest(words[0], target.substring(0, mark), target.substring(mark + 1));
  }
}
