package dev.assetmanagerd.connect;

import com.google.common.base.Utf8;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.JsonFormat;
import io.grpc.Status;
import io.grpc.StatusException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Messages in proto3's JSON form: unknown fields are ignored, both spellings of a field's name are
 * read, lowerCamelCase is written, and fields that are not set are left out.
 */
final class JsonCodec implements MessageCodec {
  private static final int ESCAPED_UNIT_CHARS = 6;

  /** Parsing takes a dozen times the memory of the text, so few large ones are parsed at a time. */
  private static final int LARGE_BYTES = 32 * 1024;

  private static final int LARGE_AT_A_TIME = 2;
  private static final long LARGE_WAIT_SECONDS = 5;

  private final Semaphore large = new Semaphore(LARGE_AT_A_TIME, true);
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
    if (bytes.length < LARGE_BYTES) {
      return parse(prototype, bytes);
    }
    awaitTurn();
    try {
      return parse(prototype, bytes);
    } finally {
      large.release();
    }
  }

  private void awaitTurn() throws StatusException {
    boolean admitted = false;
    try {
      admitted = large.tryAcquire(LARGE_WAIT_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (!admitted) {
      throw Status.RESOURCE_EXHAUSTED
          .withDescription("too many large JSON requests at a time; try again")
          .asException();
    }
  }

  private Message parse(Message prototype, byte[] bytes) throws StatusException {
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
