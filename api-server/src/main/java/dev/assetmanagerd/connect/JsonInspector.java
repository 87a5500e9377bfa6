package dev.assetmanagerd.connect;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.Strictness;
import com.google.gson.TypeAdapter;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import com.google.protobuf.Any;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.TypeRegistry;
import io.grpc.Status;
import io.grpc.StatusException;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringReader;
import org.jspecify.annotations.Nullable;

/**
 * Reads a JSON text once before protobuf's parser does, for the two things that parser lets pass:
 * text that is not quite JSON (single quotes, comments, bare words, trailing text), and names of
 * enum values that do not exist, which it drops together with unknown fields. Thread-safe.
 */
final class JsonInspector {
  private static final int MAX_QUOTED_CHARS = 64;
  private static final String WELL_KNOWN_PACKAGE = "google.protobuf";

  private final TypeRegistry types;
  private final TypeAdapter<JsonElement> trees = new Gson().getAdapter(JsonElement.class);

  JsonInspector(TypeRegistry types) {
    this.types = types;
  }

  /**
   * Refuses what is malformed or names an enum value that does not exist.
   *
   * @throws StatusException {@code invalid_argument}, with the position or the field's path
   */
  void inspect(String json, Descriptor type) throws StatusException {
    try (JsonReader reader = new JsonReader(new StringReader(json))) {
      reader.setStrictness(Strictness.STRICT);
      message(reader, type);
      if (reader.peek() != JsonToken.END_DOCUMENT) {
        throw invalid("malformed JSON: text after the end of the object");
      }
    } catch (MalformedJsonException | EOFException malformed) {
      throw invalid("malformed JSON" + position(malformed.getMessage()));
    } catch (IOException | RuntimeException malformed) {
      throw invalid("malformed JSON: " + malformed.getMessage());
    }
  }

  private void message(JsonReader reader, Descriptor type) throws IOException, StatusException {
    if (type.getFullName().equals(Any.getDescriptor().getFullName())) {
      any(reader);
      return;
    }
    boolean specialForm = type.getFile().getPackage().equals(WELL_KNOWN_PACKAGE);
    if (specialForm || reader.peek() != JsonToken.BEGIN_OBJECT) {
      reader.skipValue(); // no enum of ours within; a wrong type is the parser's to refuse
      return;
    }
    reader.beginObject();
    while (reader.hasNext()) {
      FieldDescriptor field = findField(type, reader.nextName());
      if (field == null) {
        reader.skipValue();
      } else if (field.isMapField()) {
        map(reader, field.getMessageType().findFieldByNumber(2));
      } else if (field.isRepeated()) {
        list(reader, field);
      } else {
        value(reader, field);
      }
    }
    reader.endObject();
  }

  private void map(JsonReader reader, FieldDescriptor valueField)
      throws IOException, StatusException {
    if (reader.peek() != JsonToken.BEGIN_OBJECT) {
      reader.skipValue();
      return;
    }
    reader.beginObject();
    while (reader.hasNext()) {
      String unused = reader.nextName();
      value(reader, valueField);
    }
    reader.endObject();
  }

  private void list(JsonReader reader, FieldDescriptor field) throws IOException, StatusException {
    if (reader.peek() != JsonToken.BEGIN_ARRAY) {
      reader.skipValue();
      return;
    }
    reader.beginArray();
    while (reader.hasNext()) {
      value(reader, field);
    }
    reader.endArray();
  }

  private void value(JsonReader reader, FieldDescriptor field) throws IOException, StatusException {
    switch (field.getJavaType()) {
      case ENUM -> enumValue(reader, field.getEnumType());
      case MESSAGE -> message(reader, field.getMessageType());
      default -> reader.skipValue();
    }
  }

  private static void enumValue(JsonReader reader, EnumDescriptor type)
      throws IOException, StatusException {
    String path = reader.getPath().substring(1);
    JsonToken token = reader.peek();
    if (token == JsonToken.NULL || type.getFile().getPackage().equals(WELL_KNOWN_PACKAGE)) {
      reader.skipValue();
      return;
    }
    if (token != JsonToken.STRING && token != JsonToken.NUMBER) {
      throw invalid(
          "field " + path.substring(1) + ": neither a name nor a number of " + type.getFullName());
    }
    String text = reader.nextString();
    boolean known = token == JsonToken.STRING && type.findValueByName(text) != null;
    if (!known && !isInt32(text)) {
      throw invalid(
          "field %s: \"%s\" is not a value of %s"
              .formatted(path.substring(1), shortened(text), type.getFullName()));
    }
  }

  private void any(JsonReader reader) throws IOException, StatusException {
    JsonElement tree = trees.read(reader);
    JsonElement url = tree instanceof JsonObject object ? object.get("@type") : null;
    if (url == null || !url.isJsonPrimitive()) {
      return; // the parser says what is missing
    }
    try {
      Descriptor type = types.getDescriptorForTypeUrl(url.getAsString());
      if (type != null) {
        inspect(tree.toString(), type);
      }
    } catch (InvalidProtocolBufferException unknownType) {
      return; // the parser refuses it by name
    }
  }

  /** Finds a field by its lowerCamelCase or its original name; null if there is none. */
  static @Nullable FieldDescriptor findField(Descriptor type, String name) {
    FieldDescriptor exact = type.findFieldByName(name);
    if (exact != null) {
      return exact;
    }
    for (FieldDescriptor field : type.getFields()) {
      if (field.getJsonName().equals(name)) {
        return field;
      }
    }
    return null;
  }

  private static boolean isInt32(String text) {
    try {
      double number = Double.parseDouble(text);
      return number == (int) number;
    } catch (NumberFormatException notANumber) {
      return false;
    }
  }

  private static String shortened(String text) {
    return text.length() <= MAX_QUOTED_CHARS ? text : text.substring(0, MAX_QUOTED_CHARS) + "…";
  }

  /** Keeps "at line 1 column 7 path $.name" of a reader's message, without its advice. */
  private static String position(@Nullable String message) {
    int at = message == null ? -1 : message.indexOf(" at line ");
    return message == null || at < 0 ? "" : message.substring(at).lines().findFirst().orElse("");
  }

  private static StatusException invalid(String description) {
    return Status.INVALID_ARGUMENT.withDescription(description).asException();
  }
}
