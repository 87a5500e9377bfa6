package dev.assetmanagerd.connect;

import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.QueryParams;
import com.linecorp.armeria.common.RequestHeaders;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Which protocol a request speaks and in which form its messages are.
 *
 * @param format the protocol
 * @param codec the form of the messages
 * @param contentType the request's, in canonical form; a successful response has the same
 */
record RequestForm(WireFormat format, MessageCodec codec, String contentType) {
  private static final String GRPC = "application/grpc";
  private static final String GRPC_WEB = "application/grpc-web";
  private static final String GRPC_WEB_TEXT = "application/grpc-web-text";
  private static final String CONNECT_STREAM = "application/connect+";
  private static final String CONNECT_UNARY = "application/";

  private static final MessageCodec PROTO = new ProtoCodec();

  /** Recognises a POST by its content type; null if the method does not take that type. */
  static @Nullable RequestForm ofPost(RpcMethod method, RequestHeaders headers, JsonCodec json) {
    String type = canonical(headers.get(HttpHeaderNames.CONTENT_TYPE));
    WireFormat format;
    String codecName;
    if (type.startsWith(GRPC_WEB_TEXT)) {
      format = new GrpcWebFormat(true);
      codecName = grpcCodec(type.substring(GRPC_WEB_TEXT.length()));
    } else if (type.startsWith(GRPC_WEB)) {
      format = new GrpcWebFormat(false);
      codecName = grpcCodec(type.substring(GRPC_WEB.length()));
    } else if (type.startsWith(GRPC)) {
      format = new GrpcFormat();
      codecName = grpcCodec(type.substring(GRPC.length()));
    } else if (type.startsWith(CONNECT_STREAM)) {
      format = new ConnectStreamFormat();
      codecName = method.isUnary() ? "" : type.substring(CONNECT_STREAM.length());
    } else if (type.startsWith(CONNECT_UNARY)) {
      format = new ConnectUnaryFormat(null);
      codecName = method.isUnary() ? type.substring(CONNECT_UNARY.length()) : "";
    } else {
      return null;
    }
    MessageCodec codec = codec(codecName, json);
    return codec == null ? null : new RequestForm(format, codec, type);
  }

  /** Recognises a Connect GET; null if its encoding is not known. */
  static @Nullable RequestForm ofGet(QueryParams query, JsonCodec json) {
    // A missing encoding is no reason for a bare 415: the format reports it as an error of the
    // call.
    String name = query.get("encoding", "json");
    MessageCodec codec = codec(name, json);
    return codec == null
        ? null
        : new RequestForm(new ConnectUnaryFormat(query), codec, CONNECT_UNARY + name);
  }

  /** Whether the request comes from a gRPC client, also if it is otherwise not understood. */
  static boolean isGrpc(RequestHeaders headers) {
    return canonical(headers.get(HttpHeaderNames.CONTENT_TYPE)).startsWith(GRPC);
  }

  private static String grpcCodec(String suffix) {
    if (suffix.isEmpty()) {
      return "proto";
    }
    return suffix.startsWith("+") ? suffix.substring(1) : "";
  }

  private static @Nullable MessageCodec codec(String name, JsonCodec json) {
    return switch (name) {
      case "proto" -> PROTO;
      case "json", "json; charset=utf-8" -> json;
      default -> null;
    };
  }

  /** Lower case, and of the parameters only the charset. */
  private static String canonical(@Nullable String contentType) {
    if (contentType == null) {
      return "";
    }
    String[] parts = contentType.toLowerCase(Locale.ROOT).split(";", -1);
    String type = parts[0].trim();
    for (int i = 1; i < parts.length; i++) {
      String parameter = parts[i].trim();
      if (parameter.startsWith("charset=")) {
        return type + "; " + parameter.replace("\"", "");
      }
    }
    return type;
  }
}
