package dev.assetmanagerd.clustertests.client;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.api.v1.UploadAssetRequest;
import dev.assetmanagerd.api.v1.UploadAssetResponse;
import dev.assetmanagerd.clustertests.Node;
import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Uploads over both ways a client stream can come. Thread-safe; calls block. */
public final class Uploads {
  private static final int CHUNK_BYTES = 64 << 10;
  private static final int ENVELOPE_BYTES = 5;
  private static final byte END_STREAM = 2;

  private Uploads() {}

  /**
   * Uploads over gRPC, sending no faster than the node takes it.
   *
   * @throws CallFailedException when the node refuses, or does not answer in time
   */
  public static Asset overGrpc(
      Channel channel, UploadAssetMetadata metadata, InputStream content, Duration timeout)
      throws CallFailedException {
    CompletableFuture<UploadAssetResponse> answer = new CompletableFuture<>();
    AssetManagerServiceGrpc.newStub(channel)
        .withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS)
        .uploadAsset(new Feed(metadata, content, answer));
    try {
      return answer.get(timeout.toMillis() + 1_000, TimeUnit.MILLISECONDS).getAsset();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof StatusRuntimeException status
          ? GrpcLeaseClient.failure(status)
          : new CallFailedException("upload_failed", String.valueOf(e.getMessage()), e);
    } catch (TimeoutException e) {
      throw new CallFailedException("deadline_exceeded", "no answer in time", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CallFailedException("canceled", "interrupted", e);
    }
  }

  /**
   * Uploads as a Connect stream over HTTP/1.1 with chunked encoding, as Go clients do over TLS.
   *
   * @throws CallFailedException when the node refuses, or does not answer in time
   */
  public static Asset overConnect(
      HttpClient http,
      Node node,
      UploadAssetMetadata metadata,
      InputStream content,
      Duration timeout)
      throws CallFailedException {
    URI uri = node.uri("/asset.v1.AssetManagerService/UploadAsset");
    return overConnect(http, uri, metadata, content, timeout);
  }

  /** The same to any server. */
  public static Asset overConnect(
      HttpClient http, URI uri, UploadAssetMetadata metadata, InputStream content, Duration timeout)
      throws CallFailedException {
    return overConnect(http, uri, metadata, content, Map.of(), timeout);
  }

  /** The same with more headers. */
  static Asset overConnect(
      HttpClient http,
      URI uri,
      UploadAssetMetadata metadata,
      InputStream content,
      Map<String, String> headers,
      Duration timeout)
      throws CallFailedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .version(HttpClient.Version.HTTP_1_1)
            .timeout(timeout)
            .header("Content-Type", "application/connect+proto")
            .header("Connect-Protocol-Version", "1")
            .POST(
                HttpRequest.BodyPublishers.ofInputStream(
                    () -> new EnvelopeStream(metadata, content)));
    headers.forEach(request::header);
    try {
      return decode(http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray()));
    } catch (IOException e) {
      throw ConnectFailures.of(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CallFailedException("canceled", "interrupted", e);
    }
  }

  private static Asset decode(HttpResponse<byte[]> response)
      throws CallFailedException, InvalidProtocolBufferException {
    ByteBuffer body = ByteBuffer.wrap(response.body());
    if (response.statusCode() != 200 || body.remaining() < ENVELOPE_BYTES) {
      throw ConnectFailures.of(response.statusCode(), text(body), "");
    }
    byte flags = body.get();
    int length = body.getInt();
    if (flags == END_STREAM) {
      throw ConnectFailures.ofStream(text(body));
    }
    return UploadAssetResponse.parseFrom(body.slice().limit(length)).getAsset();
  }

  private static String text(ByteBuffer body) {
    return StandardCharsets.UTF_8.decode(body).toString();
  }

  /** Sends while the channel takes it, on the channel's own callbacks. */
  private static final class Feed
      implements ClientResponseObserver<UploadAssetRequest, UploadAssetResponse> {
    private final UploadAssetMetadata metadata;
    private final InputStream content;
    private final CompletableFuture<UploadAssetResponse> answer;
    private boolean metadataSent;
    private boolean complete;

    Feed(
        UploadAssetMetadata metadata,
        InputStream content,
        CompletableFuture<UploadAssetResponse> answer) {
      this.metadata = metadata;
      this.content = content;
      this.answer = answer;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<UploadAssetRequest> call) {
      call.setOnReadyHandler(() -> send(call));
    }

    private void send(ClientCallStreamObserver<UploadAssetRequest> call) {
      if (!metadataSent) {
        metadataSent = true;
        call.onNext(UploadAssetRequest.newBuilder().setMetadata(metadata).build());
      }
      try {
        while (!complete && call.isReady()) {
          byte[] chunk = content.readNBytes(CHUNK_BYTES);
          if (chunk.length == 0) {
            complete = true;
            call.onCompleted();
          } else {
            ByteString bytes = UnsafeByteOperations.unsafeWrap(chunk);
            call.onNext(UploadAssetRequest.newBuilder().setChunk(bytes).build());
          }
        }
      } catch (IOException e) {
        complete = true;
        call.onError(e);
      }
    }

    @Override
    public void onNext(UploadAssetResponse response) {
      answer.complete(response);
    }

    @Override
    public void onError(Throwable failure) {
      answer.completeExceptionally(failure);
    }

    @Override
    public void onCompleted() {
      answer.completeExceptionally(new IllegalStateException("the stream ended without an answer"));
    }
  }

  /** The bytes of a Connect stream: five bytes of flags and length before each message. */
  private static final class EnvelopeStream extends InputStream {
    private final InputStream content;
    private ByteBuffer envelope;

    EnvelopeStream(UploadAssetMetadata metadata, InputStream content) {
      this.content = content;
      this.envelope =
          envelope(UploadAssetRequest.newBuilder().setMetadata(metadata).build().toByteArray());
    }

    private static ByteBuffer envelope(byte[] message) {
      return ByteBuffer.allocate(ENVELOPE_BYTES + message.length)
          .put((byte) 0)
          .putInt(message.length)
          .put(message)
          .flip();
    }

    /** Whether there is anything left to send. */
    private boolean advance() throws IOException {
      if (envelope.hasRemaining()) {
        return true;
      }
      byte[] chunk = content.readNBytes(CHUNK_BYTES);
      if (chunk.length == 0) {
        return false;
      }
      ByteString bytes = UnsafeByteOperations.unsafeWrap(chunk);
      envelope = envelope(UploadAssetRequest.newBuilder().setChunk(bytes).build().toByteArray());
      return true;
    }

    @Override
    public int read() throws IOException {
      return advance() ? envelope.get() & 0xff : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      if (!advance()) {
        return -1;
      }
      int count = Math.min(length, envelope.remaining());
      envelope.get(target, offset, count);
      return count;
    }

    @Override
    public void close() {
      try {
        content.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
