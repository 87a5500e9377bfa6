package dev.assetmanagerd.connect;

import com.linecorp.armeria.common.RequestHeaders;
import io.grpc.StatusException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What tells one protocol from another: where a call's parameters stand in the request, how its
 * body is cut into messages, and how the response is written. Immutable; the state of a call lives
 * in the {@link MessageReader} and {@link ResponseWriter} made here.
 */
sealed interface WireFormat
    permits ConnectUnaryFormat, ConnectStreamFormat, GrpcFormat, GrpcWebFormat {

  /** The protocol's name, for people and metrics. */
  String protocol();

  /** Checks what the protocol demands of every request, before anything else is read. */
  void checkRequest(RequestHeaders headers) throws StatusException;

  /** How long the caller waits; null means for ever. */
  @Nullable Duration timeout(RequestHeaders headers) throws StatusException;

  /** The name of the encoding of the request's messages; null means plain. */
  @Nullable String messageEncoding(RequestHeaders headers);

  /** The encodings the caller reads, its favourite first; null if it does not say. */
  @Nullable String acceptedEncodings(RequestHeaders headers);

  /** Refuses an envelope that has no place in a request. */
  void checkEnvelope(Envelope envelope) throws StatusException;

  MessageReader reader(int maxMessageBytes, Compression encoding);

  ResponseWriter writer(ResponseOptions options);

  /**
   * How a response is to be written.
   *
   * @param contentType of a successful response
   * @param encoding that messages may have
   * @param streaming whether more than one message may come, so that headers go out at once
   * @param errors writes Connect's error objects
   */
  record ResponseOptions(
      String contentType, Compression encoding, boolean streaming, ErrorJson errors) {}
}
