package dev.assetmanagerd.connect;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import java.util.Map;

/**
 * Finds which field a JSON text was refused for. The parser says what is wrong ("Not an int64
 * value"), but not where; offering it one field at a time tells.
 */
final class JsonFieldLocator {
  /** Deep enough for any real message; deeper ones are answered with the path so far. */
  private static final int MAX_DEPTH = 16;

  private JsonFieldLocator() {}

  /** The path of the field, such as {@code "assets.size_bytes"}; empty if none can be blamed. */
  static String locate(String json, Message prototype, JsonFormat.Parser parser) {
    try {
      return locate(
          JsonParser.parseString(json), prototype.getDescriptorForType(), parser, MAX_DEPTH);
    } catch (JsonParseException notJson) {
      return "";
    }
  }

  private static String locate(
      JsonElement json, Descriptor type, JsonFormat.Parser parser, int depth) {
    if (!(json instanceof JsonObject object) || depth == 0) {
      return "";
    }
    for (Map.Entry<String, JsonElement> member : object.entrySet()) {
      JsonObject alone = new JsonObject();
      alone.add(member.getKey(), member.getValue());
      if (!isAccepted(alone, type, parser)) {
        FieldDescriptor field = JsonInspector.findField(type, member.getKey());
        String inner =
            field != null
                    && field.getJavaType() == FieldDescriptor.JavaType.MESSAGE
                    && !field.isRepeated()
                ? locate(member.getValue(), field.getMessageType(), parser, depth - 1)
                : "";
        return inner.isEmpty() ? member.getKey() : member.getKey() + "." + inner;
      }
    }
    return "";
  }

  private static boolean isAccepted(JsonObject json, Descriptor type, JsonFormat.Parser parser) {
    try {
      parser.merge(json.toString(), DynamicMessage.newBuilder(type));
      return true;
    } catch (InvalidProtocolBufferException | RuntimeException refused) {
      return false;
    }
  }
}
