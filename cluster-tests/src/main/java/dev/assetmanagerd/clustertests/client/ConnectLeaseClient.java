package dev.assetmanagerd.clustertests.client;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import dev.assetmanagerd.api.v1.AcquireAssetResponse;
import dev.assetmanagerd.api.v1.GetAssetResponse;
import dev.assetmanagerd.api.v1.ReleaseAssetResponse;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;

/** Lease calls as Connect JSON over HTTP/1.1 with the JDK's client, much as curl sends them. */
public final class ConnectLeaseClient implements LeaseClient {
  private static final Duration GRACE = Duration.ofSeconds(2);

  private final HttpClient http;
  private final URI service;

  /**
   * Calls a service.
   *
   * @param service for example {@code http://127.0.0.1:8083/asset.v1.AssetManagerService/}
   */
  public ConnectLeaseClient(HttpClient http, URI service) {
    this.http = http;
    this.service = service;
  }

  @Override
  public String acquire(String assetId, String acquiredBy, Duration timeout)
      throws CallFailedException {
    String body = json(Map.of("asset_id", assetId, "acquired_by", acquiredBy));
    AcquireAssetResponse.Builder response = AcquireAssetResponse.newBuilder();
    post("AcquireAsset", body, timeout, response);
    return response.getLeaseId();
  }

  @Override
  public String acquireOnce(String key, String assetId, String acquiredBy, Duration timeout)
      throws CallFailedException {
    String body = json(Map.of("asset_id", assetId, "acquired_by", acquiredBy));
    AcquireAssetResponse.Builder response = AcquireAssetResponse.newBuilder();
    post("AcquireAsset", body, timeout, response, "Idempotency-Key", key);
    return response.getLeaseId();
  }

  @Override
  public void release(String leaseId, Duration timeout) throws CallFailedException {
    post(
        "ReleaseAsset",
        json(Map.of("lease_id", leaseId)),
        timeout,
        ReleaseAssetResponse.newBuilder());
  }

  @Override
  public int referenceCount(String assetId, Duration timeout) throws CallFailedException {
    GetAssetResponse.Builder response = GetAssetResponse.newBuilder();
    post("GetAsset", json(Map.of("id", assetId)), timeout, response);
    return response.getAsset().getReferenceCount();
  }

  private void post(
      String method, String body, Duration timeout, Message.Builder into, String... headers)
      throws CallFailedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(service.resolve(method))
            .timeout(timeout.plus(GRACE))
            .header("Content-Type", "application/json")
            .header("Connect-Protocol-Version", "1")
            .header("Connect-Timeout-Ms", Long.toString(timeout.toMillis()))
            .POST(HttpRequest.BodyPublishers.ofString(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    HttpResponse<String> response = send(request.build());
    if (response.statusCode() != 200) {
      throw ConnectFailures.of(
          response.statusCode(),
          response.body(),
          response
              .headers()
              .firstValue("trailer-" + CallFailedException.OUTCOME_TRAILER)
              .orElse(""));
    }
    try {
      JsonFormat.parser().merge(response.body(), into);
    } catch (InvalidProtocolBufferException e) {
      throw new CallFailedException("malformed_answer", response.body(), e);
    }
  }

  private HttpResponse<String> send(HttpRequest request) throws CallFailedException {
    try {
      return http.send(request, HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw ConnectFailures.of(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CallFailedException("canceled", "interrupted", e);
    }
  }

  /** The values here are ids and names of the tests' own, without anything to escape. */
  private static String json(Map<String, String> fields) {
    StringBuilder text = new StringBuilder("{");
    fields.forEach(
        (name, value) -> {
          text.append(text.length() > 1 ? "," : "");
          text.append('"').append(name).append("\":\"").append(value).append('"');
        });
    return text.append('}').toString();
  }
}
