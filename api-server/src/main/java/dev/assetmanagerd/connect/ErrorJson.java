package dev.assetmanagerd.connect;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.Any;
import com.google.protobuf.Descriptors;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.JsonFormat;
import io.grpc.Metadata;
import io.grpc.Status;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Writes Connect's error object, and the object that ends a Connect stream. Thread-safe. */
final class ErrorJson {
  private final TypeRegistry types;
  private final JsonFormat.Printer printer;

  /**
   * @param types the messages whose details are also written readably
   */
  ErrorJson(TypeRegistry types) {
    this.types = types;
    this.printer = JsonFormat.printer().omittingInsignificantWhitespace().usingTypeRegistry(types);
  }

  byte[] error(Status status, Metadata trailers) {
    return bytes(errorObject(status, trailers));
  }

  byte[] endOfStream(Status status, Metadata trailers) {
    JsonObject end = new JsonObject();
    if (!status.isOk()) {
      end.add("error", errorObject(status, trailers));
    }
    JsonObject metadata = new JsonObject();
    MetadataHeaders.forEach(
        trailers,
        (name, value) -> {
          if (!metadata.has(name)) {
            metadata.add(name, new JsonArray());
          }
          metadata.getAsJsonArray(name).add(value);
        });
    if (!metadata.isEmpty()) {
      end.add("metadata", metadata);
    }
    return bytes(end);
  }

  private JsonObject errorObject(Status status, Metadata trailers) {
    JsonObject error = new JsonObject();
    error.addProperty("code", ConnectCode.name(status.getCode()));
    String message = status.getDescription();
    if (message != null && !message.isEmpty()) {
      error.addProperty("message", message);
    }
    JsonArray details = details(trailers.get(MetadataHeaders.STATUS_DETAILS));
    if (!details.isEmpty()) {
      error.add("details", details);
    }
    return error;
  }

  private JsonArray details(byte @Nullable [] encoded) {
    JsonArray details = new JsonArray();
    if (encoded == null) {
      return details;
    }
    try {
      for (Any detail : com.google.rpc.Status.parseFrom(encoded).getDetailsList()) {
        details.add(detail(detail));
      }
    } catch (InvalidProtocolBufferException unreadable) {
      // The code and message still reach the caller; details are an extra.
      return new JsonArray();
    }
    return details;
  }

  private JsonObject detail(Any detail) {
    String url = detail.getTypeUrl();
    JsonObject json = new JsonObject();
    json.addProperty("type", url.substring(url.lastIndexOf('/') + 1));
    json.addProperty("value", MetadataHeaders.base64(detail.getValue().toByteArray()));
    JsonElement readable = readable(detail);
    if (readable != null) {
      json.add("debug", readable);
    }
    return json;
  }

  private @Nullable JsonElement readable(Any detail) {
    try {
      Descriptors.Descriptor type = types.getDescriptorForTypeUrl(detail.getTypeUrl());
      return type == null
          ? null
          : JsonParser.parseString(
              printer.print(DynamicMessage.parseFrom(type, detail.getValue())));
    } catch (InvalidProtocolBufferException unknownType) {
      return null;
    }
  }

  private static byte[] bytes(JsonObject json) {
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }
}
