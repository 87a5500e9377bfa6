package dev.assetmanagerd.cli;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.transfer.v1.AbortUploadRequest;
import dev.assetmanagerd.transfer.v1.AbortUploadResponse;
import dev.assetmanagerd.transfer.v1.CompleteUploadRequest;
import dev.assetmanagerd.transfer.v1.OpenUploadRequest;
import dev.assetmanagerd.transfer.v1.OpenUploadResponse;
import dev.assetmanagerd.transfer.v1.SignedRequest;
import dev.assetmanagerd.transfer.v1.TransferServiceGrpc;
import dev.assetmanagerd.transfer.v1.TransferServiceGrpc.TransferServiceBlockingStub;
import io.grpc.Channel;
import io.grpc.Status;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** An upload whose bytes go straight to the store, in one HTTP request that a node has signed. */
final class DirectUpload implements UploadMode {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
  private static final int HTTP_OK_END = 300;
  private static final int HTTP_SERVER_ERROR = 500;
  private static final int MAX_SHOWN_CHARS = 300;

  /** The HTTP client sends these by itself. */
  private static final Set<String> OF_CLIENT = Set.of("content-length", "host");

  private final NodeClient client;

  DirectUpload(NodeClient client) {
    this.client = client;
  }

  @Override
  public Uploaded upload(UploadAssetMetadata metadata, Path file, Progress progress)
      throws IOException {
    String checksum = Digests.ofFile(file);
    OpenUploadRequest request =
        OpenUploadRequest.newBuilder()
            .setMetadata(metadata)
            .setChecksum(checksum)
            .setDirect(true)
            .build();
    OpenUploadResponse opened = client.change(channel -> stub(channel).openUpload(request));
    String id = opened.getUpload().getId();
    boolean sent = false;
    try {
      send(opened.getRequest(), file);
      sent = true;
    } finally {
      if (!sent) {
        abort(id);
      }
    }
    progress.sent(metadata.getSizeBytes());
    return new Uploaded(complete(id), checksum);
  }

  private Asset complete(String id) {
    try {
      // Completing again gives the same asset.
      return client.changeOnce(
          channel ->
              stub(channel)
                  .completeUpload(CompleteUploadRequest.newBuilder().setUploadId(id).build())
                  .getAsset());
    } catch (CallFailedException e) {
      if (e.code() == Status.Code.INVALID_ARGUMENT) {
        abort(id); // what came is wrong, and nobody will bring anything else
      }
      throw e;
    }
  }

  private void send(SignedRequest signed, Path file) throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(signed.getUrl()))
            .method(signed.getMethod(), HttpRequest.BodyPublishers.ofFile(file))
            .timeout(
                Duration.ofMillis(
                    Math.max(1, client.deadline().timeRemaining(TimeUnit.MILLISECONDS))));
    signed
        .getHeadersMap()
        .forEach(
            (name, value) -> {
              if (!OF_CLIENT.contains(name.toLowerCase(Locale.ROOT))) {
                request.header(name, value);
              }
            });
    HttpClient http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_TIMEOUT)
            .build();
    HttpResponse<String> response;
    try {
      response = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new CallFailedException(
          Status.Code.UNAVAILABLE, false, "the store did not take the bytes: " + e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CallFailedException(Status.Code.CANCELLED, false, "interrupted");
    }
    if (response.statusCode() >= HTTP_OK_END) {
      String body = response.body();
      throw new CallFailedException(
          response.statusCode() >= HTTP_SERVER_ERROR
              ? Status.Code.UNAVAILABLE
              : Status.Code.FAILED_PRECONDITION,
          false,
          "the store refused the bytes with HTTP status "
              + response.statusCode()
              + ": "
              + body.substring(0, Math.min(body.length(), MAX_SHOWN_CHARS)));
    }
  }

  /** So that nothing is left to expire; where that fails, it will expire. */
  private void abort(String id) {
    try {
      AbortUploadResponse unused =
          client.changeOnce(
              channel ->
                  stub(channel)
                      .abortUpload(AbortUploadRequest.newBuilder().setUploadId(id).build()));
    } catch (CallFailedException e) {
      // Why the bytes did not get there matters more.
    }
  }

  private TransferServiceBlockingStub stub(Channel channel) {
    return TransferServiceGrpc.newBlockingStub(channel).withDeadline(client.deadline());
  }
}
