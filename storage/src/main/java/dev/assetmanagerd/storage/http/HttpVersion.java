package dev.assetmanagerd.storage.http;

import dev.assetmanagerd.storage.http.HttpExchanges.Answer;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What tells one content of an address from the next.
 *
 * @param sizeBytes of all of it
 * @param etag strong one, or empty
 * @param lastModified as the server writes it, or empty
 */
record HttpVersion(long sizeBytes, String etag, String lastModified) {
  private static final Pattern CONTENT_RANGE =
      Pattern.compile("bytes ((?<from>[0-9]{1,18})-(?<to>[0-9]{1,18})|\\*)/(?<total>[0-9]{1,18})");
  private static final Pattern LENGTH = Pattern.compile("[0-9]{1,18}");

  static HttpVersion of(Answer answer, long sizeBytes) {
    String etag = answer.header("ETag");
    return new HttpVersion(
        sizeBytes, etag.startsWith("\"") ? etag : "", answer.header("Last-Modified"));
  }

  /** Whether it may be the same content: nothing that both know differs. */
  boolean agreesWith(HttpVersion other) {
    return sizeBytes == other.sizeBytes
        && (etag.isEmpty() || other.etag.isEmpty() || etag.equals(other.etag))
        && (lastModified.isEmpty()
            || other.lastModified.isEmpty()
            || lastModified.equals(other.lastModified));
  }

  /** The length of the body, where the answer says it. */
  static OptionalLong length(Answer answer) {
    String length = answer.header("Content-Length");
    return LENGTH.matcher(length).matches()
        ? OptionalLong.of(Long.parseLong(length))
        : OptionalLong.empty();
  }

  /** The size of the whole, from an answer with a part of it or with none. */
  static OptionalLong total(Answer answer) {
    return group(answer, "total");
  }

  /** Where the part begins. */
  static OptionalLong from(Answer answer) {
    return group(answer, "from");
  }

  private static OptionalLong group(Answer answer, String name) {
    Matcher matcher = CONTENT_RANGE.matcher(answer.header("Content-Range"));
    return matcher.matches() && matcher.group(name) != null
        ? OptionalLong.of(Long.parseLong(matcher.group(name)))
        : OptionalLong.empty();
  }
}
