package dev.assetmanagerd.clustertests.client;

import com.google.protobuf.Message;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.clustertests.Node;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Calls over gRPC with grpc-java's own client, on the channels that all clients share. */
public final class GrpcCaller implements UnaryCaller {
  @Override
  public <Q extends Message, S extends Message> Answer<S> call(
      Node node,
      MethodDescriptor<Q, S> method,
      Q request,
      Map<String, String> headers,
      Duration timeout)
      throws CallFailedException {
    AtomicReference<@Nullable Metadata> received = new AtomicReference<>();
    Channel channel =
        ClientInterceptors.intercept(
            with(node, headers),
            MetadataUtils.newCaptureMetadataInterceptor(received, new AtomicReference<>()));
    CallOptions options =
        CallOptions.DEFAULT.withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS);
    try {
      S message = ClientCalls.blockingUnaryCall(channel, method, options, request);
      return new Answer<>(message, texts(received.get()));
    } catch (StatusRuntimeException e) {
      throw GrpcLeaseClient.failure(e);
    }
  }

  @Override
  public Asset upload(
      Node node,
      UploadAssetMetadata metadata,
      RandomContent content,
      Map<String, String> headers,
      Duration timeout)
      throws CallFailedException {
    return Uploads.overGrpc(with(node, headers), metadata, content.open(), timeout);
  }

  private static Channel with(Node node, Map<String, String> headers) {
    Metadata metadata = new Metadata();
    headers.forEach((name, value) -> metadata.put(key(name), value));
    return ClientInterceptors.intercept(
        node.failFastChannel(), MetadataUtils.newAttachHeadersInterceptor(metadata));
  }

  private static Map<String, String> texts(@Nullable Metadata metadata) {
    Map<String, String> texts = new HashMap<>();
    if (metadata != null) {
      for (String name : metadata.keys()) {
        String value =
            name.endsWith(Metadata.BINARY_HEADER_SUFFIX) ? null : metadata.get(key(name));
        if (value != null) {
          texts.put(name, value);
        }
      }
    }
    return texts;
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
