package dev.assetmanagerd.connect;

import com.google.common.base.Utf8;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.JsonFormat;
import io.grpc.Status;
import io.grpc.StatusException;
import java.nio.charset.StandardCharsets;

/**
 * Messages in proto3's JSON form: unknown fields are ignored, both spellings of a field's name are
 * read, lowerCamelCase is written, and fields that are not set are left out.
 */
final class JsonCodec implements MessageCodec {
  private static final int ESCAPED_UNIT_CHARS = 6;

  private final JsonFormat.Parser parser;
  private final JsonFormat.Printer printer;
  private final JsonInspector inspector;

  /**
   * @param types the messages an {@code Any} may hold
   */
  JsonCodec(TypeRegistry types) {
    this.parser = JsonFormat.parser().ignoringUnknownFields().usingTypeRegistry(types);
    this.printer = JsonFormat.printer().omittingInsignificantWhitespace().usingTypeRegistry(types);
    this.inspector = new JsonInspector(types);
  }

  @Override
  public Message decode(Message prototype, byte[] bytes) throws StatusException {
    if (bytes.length == 0) {
      throw invalid("an empty body is not a JSON object");
    }
    if (!Utf8.isWellFormed(bytes)) {
      throw invalid("the JSON text is not valid UTF-8");
    }
    String json = new String(bytes, StandardCharsets.UTF_8);
    // The parser is looser than JSON and drops unknown names of enum values without a word.
    inspector.inspect(json, prototype.getDescriptorForType());
    refuseHalfCharacters(json);
    Message.Builder message = prototype.newBuilderForType();
    try {
      parser.merge(json, message);
    } catch (InvalidProtocolBufferException | RuntimeException mistyped) {
      String where = JsonFieldLocator.locate(json, prototype, parser);
      throw invalid((where.isEmpty() ? "" : "field " + where + ": ") + mistyped.getMessage());
    }
    return message.build();
  }

  /**
   * Refuses escapes of lone surrogates. A Java string holds them but UTF-8 cannot: two strings that
   * differ here would be the same once the message has been encoded, by whoever passes it on.
   *
   * @param json well-formed
   */
  private static void refuseHalfCharacters(String json) throws StatusException {
    int escape = json.indexOf('\\');
    while (escape >= 0) {
      int next = escape + 2;
      if (json.charAt(escape + 1) == 'u') {
        char unit = unitAt(json, escape);
        next = escape + ESCAPED_UNIT_CHARS;
        if (Character.isHighSurrogate(unit)
            && json.startsWith("\\u", next)
            && Character.isLowSurrogate(unitAt(json, next))) {
          next += ESCAPED_UNIT_CHARS;
        } else if (Character.isSurrogate(unit)) {
          throw invalid(
              "malformed JSON: %s stands for half a character"
                  .formatted(json.substring(escape, next)));
        }
      }
      escape = json.indexOf('\\', next);
    }
  }

  private static char unitAt(String json, int escape) {
    return (char) Integer.parseInt(json, escape + 2, escape + ESCAPED_UNIT_CHARS, 16);
  }

  @Override
  public byte[] encode(Message message) throws StatusException {
    try {
      return printer.print(message).getBytes(StandardCharsets.UTF_8);
    } catch (InvalidProtocolBufferException unknownAny) {
      throw Status.INTERNAL
          .withDescription("cannot write the response as JSON: " + unknownAny.getMessage())
          .asException();
    }
  }

  private static StatusException invalid(String description) {
    return Status.INVALID_ARGUMENT.withDescription(description).asException();
  }
}
