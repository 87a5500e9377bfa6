package dev.assetmanagerd.clustertests.observe;

import dev.assetmanagerd.clustertests.client.Sha256Sum;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A bucket of a server that asks for no credentials, without a prefix, over a line that works. */
public final class BucketStore implements StoreView {
  private static final Duration CALL_MAX = Duration.ofSeconds(30);
  private static final int NOT_FOUND = 404;
  private static final int OK = 200;
  private static final Pattern KEY = Pattern.compile("<Key>([^<]*)</Key>");
  private static final Pattern NEXT =
      Pattern.compile("<NextContinuationToken>([^<]*)</NextContinuationToken>");
  private static final Pattern UPLOAD = Pattern.compile("<UploadId>([^<]*)</UploadId>");

  private final HttpClient http = HttpClient.newHttpClient();
  private final URI bucket;

  /**
   * A view of one bucket.
   *
   * @param endpoint of the server itself
   */
  public BucketStore(URI endpoint, String bucket) {
    this.bucket = endpoint.resolve("/" + bucket + "/");
  }

  @Override
  public String sha256(String location) throws IOException {
    HttpResponse<InputStream> answer =
        get(bucket.resolve(location), BodyHandlers.ofInputStream(), location);
    try (InputStream body = answer.body()) {
      if (answer.statusCode() == NOT_FOUND) {
        return Sha256Sum.MISSING;
      }
      requireOk(answer, location);
      return Sha256Sum.of(body);
    }
  }

  @Override
  public List<String> blobs() throws IOException {
    List<String> keys = new ArrayList<>();
    Optional<String> token = Optional.of("");
    while (token.isPresent()) {
      String rest =
          token.get().isEmpty()
              ? ""
              : "&continuation-token=" + URLEncoder.encode(token.get(), StandardCharsets.UTF_8);
      String page = list("?list-type=2" + rest);
      KEY.matcher(page).results().map((MatchResult key) -> key.group(1)).forEach(keys::add);
      Matcher next = NEXT.matcher(page);
      token = next.find() ? Optional.of(next.group(1)) : Optional.empty();
    }
    return keys;
  }

  @Override
  public List<String> unfinished() throws IOException {
    return UPLOAD
        .matcher(list("?uploads"))
        .results()
        .map((MatchResult id) -> "multipart upload " + id.group(1))
        .toList();
  }

  private String list(String query) throws IOException {
    URI uri = URI.create(bucket.toString().replaceFirst("/$", "") + query);
    HttpResponse<String> answer = get(uri, BodyHandlers.ofString(), query);
    requireOk(answer, query);
    return answer.body();
  }

  private <T> HttpResponse<T> get(URI uri, HttpResponse.BodyHandler<T> body, String what)
      throws IOException {
    try {
      return http.send(HttpRequest.newBuilder(uri).timeout(CALL_MAX).build(), body);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while getting " + what, e);
    }
  }

  private static void requireOk(HttpResponse<?> answer, String what) throws IOException {
    if (answer.statusCode() != OK) {
      throw new IOException("the object store answers " + answer.statusCode() + " to " + what);
    }
  }
}
