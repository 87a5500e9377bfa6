package dev.assetmanagerd.clustertests.client;

import com.google.protobuf.Message;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.clustertests.Node;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.Map;

/**
 * Any call of the API, tried once at one node, over one protocol. Thread-safe; calls block and end
 * soon after their timeout.
 */
public interface UnaryCaller {
  /**
   * An answer.
   *
   * @param headers of the response, by their names in lower case
   */
  record Answer<S>(S message, Map<String, String> headers) {
    /** Copies the headers. */
    public Answer {
      headers = Map.copyOf(headers);
    }
  }

  /**
   * A call with one message either way.
   *
   * @param headers of the request; names in lower case
   * @throws CallFailedException when the node refuses, or does not answer in time
   */
  <Q extends Message, S extends Message> Answer<S> call(
      Node node,
      MethodDescriptor<Q, S> method,
      Q request,
      Map<String, String> headers,
      Duration timeout)
      throws CallFailedException;

  /** Uploads bytes in one stream. */
  Asset upload(
      Node node,
      UploadAssetMetadata metadata,
      RandomContent content,
      Map<String, String> headers,
      Duration timeout)
      throws CallFailedException;
}
