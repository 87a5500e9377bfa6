package dev.assetmanagerd.connect;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Message;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.Status;
import io.grpc.StatusException;
import java.io.IOException;

/** Messages in protobuf's binary form. */
record ProtoCodec() implements MessageCodec {
  @Override
  public Message decode(Message prototype, byte[] bytes) throws StatusException {
    try {
      // The array is ours and never reused, so `bytes` fields may point into it: the chunks of an
      // upload are not copied a second time.
      CodedInputStream in = UnsafeByteOperations.unsafeWrap(bytes).newCodedInput();
      in.enableAliasing(true);
      Message message = prototype.getParserForType().parseFrom(in);
      in.checkLastTagWas(0);
      return message;
    } catch (IOException malformed) {
      throw Status.INVALID_ARGUMENT
          .withDescription(
              "malformed "
                  + prototype.getDescriptorForType().getFullName()
                  + ": "
                  + malformed.getMessage())
          .asException();
    }
  }

  @Override
  public byte[] encode(Message message) {
    return message.toByteArray();
  }
}
