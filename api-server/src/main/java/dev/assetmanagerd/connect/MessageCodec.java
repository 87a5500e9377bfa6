package dev.assetmanagerd.connect;

import com.google.protobuf.Message;
import io.grpc.StatusException;

/** The two forms a message's bytes may have. Thread-safe. */
sealed interface MessageCodec permits ProtoCodec, JsonCodec {

  /**
   * Reads a message. The bytes may be kept as part of it and must not be changed any more.
   *
   * @throws StatusException {@code invalid_argument}, and where the mistake is as far as that is
   *     known
   */
  Message decode(Message prototype, byte[] bytes) throws StatusException;

  byte[] encode(Message message) throws StatusException;
}
