package dev.assetmanagerd.clustertests.client;

import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc.AssetManagerServiceBlockingStub;
import dev.assetmanagerd.api.v1.GetAssetRequest;
import dev.assetmanagerd.api.v1.ReleaseAssetRequest;
import io.grpc.Channel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.net.ConnectException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Lease calls over gRPC with grpc-java's own client. */
public final class GrpcLeaseClient implements LeaseClient {
  private static final Metadata.Key<String> IDEMPOTENCY_KEY =
      Metadata.Key.of("idempotency-key", Metadata.ASCII_STRING_MARSHALLER);

  private static final Metadata.Key<String> OUTCOME =
      Metadata.Key.of(CallFailedException.OUTCOME_TRAILER, Metadata.ASCII_STRING_MARSHALLER);

  private final Supplier<? extends Channel> channel;

  /**
   * Calls over a channel.
   *
   * @param channel asked before every call
   */
  public GrpcLeaseClient(Supplier<? extends Channel> channel) {
    this.channel = channel;
  }

  @Override
  public String acquire(String assetId, String acquiredBy, Duration timeout)
      throws CallFailedException {
    AcquireAssetRequest request =
        AcquireAssetRequest.newBuilder().setAssetId(assetId).setAcquiredBy(acquiredBy).build();
    return call(() -> stub(timeout).acquireAsset(request).getLeaseId());
  }

  @Override
  public String acquireOnce(String key, String assetId, String acquiredBy, Duration timeout)
      throws CallFailedException {
    AcquireAssetRequest request =
        AcquireAssetRequest.newBuilder().setAssetId(assetId).setAcquiredBy(acquiredBy).build();
    Metadata headers = new Metadata();
    headers.put(IDEMPOTENCY_KEY, key);
    return call(
        () ->
            stub(timeout)
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                .acquireAsset(request)
                .getLeaseId());
  }

  @Override
  public void release(String leaseId, Duration timeout) throws CallFailedException {
    ReleaseAssetRequest request = ReleaseAssetRequest.newBuilder().setLeaseId(leaseId).build();
    call(() -> stub(timeout).releaseAsset(request));
  }

  @Override
  public int referenceCount(String assetId, Duration timeout) throws CallFailedException {
    GetAssetRequest request = GetAssetRequest.newBuilder().setId(assetId).build();
    return call(() -> stub(timeout).getAsset(request).getAsset().getReferenceCount());
  }

  private AssetManagerServiceBlockingStub stub(Duration timeout) {
    return AssetManagerServiceGrpc.newBlockingStub(channel.get())
        .withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static <T> T call(Supplier<T> call) throws CallFailedException {
    try {
      return call.get();
    } catch (StatusRuntimeException e) {
      throw failure(e);
    }
  }

  static CallFailedException failure(StatusRuntimeException e) {
    Status status = e.getStatus();
    String message = status.getDescription() == null ? "" : status.getDescription();
    if (status.getCause() instanceof ConnectException) {
      return new CallFailedException(CallFailedException.NOT_CONNECTED, message, e);
    }
    if (status.getCode() == Status.Code.UNAVAILABLE && isLocal(e)) {
      return new CallFailedException(CallFailedException.CONNECTION_LOST, message, e);
    }
    return new CallFailedException(
        status.getCode().name().toLowerCase(Locale.ROOT), message, outcome(e), e);
  }

  private static String outcome(StatusRuntimeException e) {
    Metadata trailers = e.getTrailers();
    String outcome = trailers == null ? null : trailers.get(OUTCOME);
    return outcome == null ? "" : outcome;
  }

  /** A status that a server sent comes with its headers; one made by the client has none. */
  private static boolean isLocal(StatusRuntimeException e) {
    return e.getTrailers() == null || e.getTrailers().keys().isEmpty();
  }
}
