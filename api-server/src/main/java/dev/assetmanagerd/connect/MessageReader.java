package dev.assetmanagerd.connect;

import com.linecorp.armeria.common.HttpData;
import io.grpc.StatusException;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a request body into messages. Confined to one thread.
 *
 * <p>It holds at most one message and the data handed to it that no message was cut from yet, so
 * the caller bounds memory by asking for more data only after {@link #next} found none.
 */
sealed interface MessageReader permits WholeBodyReader, EnvelopeReader, Base64Reader {

  /** Takes the data and the duty to release it. */
  void add(HttpData data) throws StatusException;

  /** Says that no data follows. */
  void endOfInput();

  /**
   * The next whole message, still compressed if it came so; null when more data is needed.
   *
   * @throws StatusException if the body is malformed, too large, or ended within a message
   */
  @Nullable Envelope next() throws StatusException;

  /** Whether the input has ended and every message was returned. */
  boolean isExhausted();

  /** Releases what is held. */
  void close();
}
