package dev.assetmanagerd.connect;

import com.google.protobuf.DescriptorProtos.MethodOptions.IdempotencyLevel;
import com.google.protobuf.Descriptors;
import com.google.protobuf.Message;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerMethodDefinition;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;

/**
 * A method that can be called.
 *
 * @param definition its handler
 * @param schema its entry in the .proto file
 * @param requestPrototype an empty request, to parse others with
 */
record RpcMethod(
    ServerMethodDefinition<Message, Message> definition,
    Descriptors.MethodDescriptor schema,
    Message requestPrototype) {

  /**
   * @throws IllegalArgumentException if the method does not speak protobuf
   */
  // Both marshallers are checked to be protobuf's, so the definition's messages are Messages.
  @SuppressWarnings("unchecked")
  static RpcMethod of(ServerMethodDefinition<?, ?> definition) {
    MethodDescriptor<?, ?> method = definition.getMethodDescriptor();
    if (method.getSchemaDescriptor() instanceof ProtoMethodDescriptorSupplier supplier
        && method.getRequestMarshaller() instanceof MethodDescriptor.PrototypeMarshaller<?> request
        && request.getMessagePrototype() instanceof Message prototype
        && method.getResponseMarshaller() instanceof MethodDescriptor.PrototypeMarshaller<?>) {
      return new RpcMethod(
          (ServerMethodDefinition<Message, Message>) definition,
          supplier.getMethodDescriptor(),
          prototype);
    }
    throw new IllegalArgumentException(
        "method " + method.getFullMethodName() + " does not speak protobuf");
  }

  String path() {
    return "/" + definition.getMethodDescriptor().getFullMethodName();
  }

  MethodType type() {
    return definition.getMethodDescriptor().getType();
  }

  boolean isUnary() {
    return type() == MethodType.UNARY;
  }

  boolean requestStreaming() {
    return !type().clientSendsOneMessage();
  }

  boolean responseStreaming() {
    return !type().serverSendsOneMessage();
  }

  /** Whether Connect may call it by GET: the .proto file says that it changes nothing. */
  boolean allowsGet() {
    return isUnary()
        && schema.getOptions().getIdempotencyLevel() == IdempotencyLevel.NO_SIDE_EFFECTS;
  }

  String acceptPost() {
    return isUnary()
        ? "application/grpc, application/grpc-web, application/grpc-web-text, application/json,"
            + " application/proto"
        : "application/connect+json, application/connect+proto, application/grpc,"
            + " application/grpc-web, application/grpc-web-text";
  }
}
