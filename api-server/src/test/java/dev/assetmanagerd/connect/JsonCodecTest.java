package dev.assetmanagerd.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.TypeRegistry;
import dev.assetmanagerd.connect.testing.v1.Colour;
import dev.assetmanagerd.connect.testing.v1.Probe;
import io.grpc.Status;
import io.grpc.StatusException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonCodecTest {
  private final JsonCodec codec =
      new JsonCodec(TypeRegistry.newBuilder().add(Probe.getDescriptor()).build());

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"bigNumber\": 12345678901}",
        "{\"bigNumber\": \"12345678901\"}",
        "{\"big_number\": \"12345678901\"}",
        "{\"big_number\": 12345678901, \"unknown\": {\"a\": [1, {\"b\": null}]}}",
      })
  void fieldsAreReadInBothSpellingsAndNumbersInBothForms(String json) throws StatusException {
    assertThat(decode(json).getBigNumber()).isEqualTo(12345678901L);
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"COLOUR_DARK_BLUE\"", "2", "\"2\"", "2.0"})
  void enumsAreReadByNameAndByNumber(String value) throws StatusException {
    assertThat(decode("{\"colour\": " + value + "}").getColour())
        .isEqualTo(Colour.COLOUR_DARK_BLUE);
  }

  @Test
  void anEnumNumberFromTheFutureIsKept() throws StatusException {
    assertThat(decode("{\"colour\": 77}").getColourValue()).isEqualTo(77);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"colour\": \"GREEN\"}|colour|GREEN",
        "{\"unknown\": 1, \"colour\": \"GREEN\"}|colour|GREEN",
        "{\"manyColours\": [\"COLOUR_RED\", \"GREEN\"]}|manyColours[1]|GREEN",
        "{\"many_colours\": [\"GREEN\"]}|many_colours[0]|GREEN",
        "{\"colourByName\": {\"sky\": \"GREEN\"}}|colourByName.sky|GREEN",
        "{\"inner\": {\"inner\": {\"colour\": \"GREEN\"}}}|inner.inner.colour|GREEN",
        "{\"colour\": 2.5}|colour|2.5",
        "{\"colour\": 3000000000}|colour|3000000000",
        "{\"colour\": \"\"}|colour|not a value",
        "{\"colour\": true}|colour|neither a name nor a number",
        "{\"any\": {\"colour\": \"GREEN\","
            + " \"@type\": \"type.googleapis.com/connect.test.v1.Probe\"}}|colour|GREEN",
      })
  void anUnknownEnumValueIsRefusedByFieldAndName(String json, String field, String value) {
    assertThatThrownBy(() -> decode(json))
        .satisfies(JsonCodecTest::isInvalidArgument)
        .hasMessageContaining("field " + field + ":")
        .hasMessageContaining(value)
        .hasMessageContaining("connect.test.v1.Colour");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"bigNumber\": \"many\"}|bigNumber|many",
        "{\"inner\": {\"text\": \"a\", \"big_number\": 1.5}}|inner.big_number|1.5",
        "{\"text\": {}}|text|''",
        "{\"data\": \"***\"}|data|''",
        "{\"inner\": 7}|inner|''",
        "{\"any\": {\"@type\": \"type.googleapis.com/no.Such\"}}|any.@type|no.Such",
      })
  void aValueOfTheWrongTypeIsRefusedByField(String json, String field, String value) {
    assertThatThrownBy(() -> decode(json))
        .satisfies(JsonCodecTest::isInvalidArgument)
        .hasMessageContaining("field " + field + ":")
        .hasMessageContaining(value);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"text\": \"\\uD800\"}",
        "{\"text\": \"a\\udc00b\"}",
        "{\"text\": \"\\ud83d\\\\ude00\"}",
        "{\"text\": \"\\ud83d\\ud83d\\ude00\"}",
        "{\"colourByName\": {\"\\ud800\": 1, \"\\ud801\": 2}}",
      })
  void halfACharacterIsRefusedSinceNoMessageOnTheWireCanHoldIt(String json) {
    assertThatThrownBy(() -> decode(json))
        .satisfies(JsonCodecTest::isInvalidArgument)
        .hasMessageContaining("half a character");
  }

  @Test
  void escapedCharactersAreRead() throws StatusException {
    assertThat(decode("{\"text\": \"\\ud83d\\ude00 \\\\ud800 \\u0041\\n\"}").getText())
        .isEqualTo("\uD83D\uDE00 \\ud800 A\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{",
        "{\"text\": \"a\"",
        "{\"text\": 'a'}",
        "{text: \"a\"}",
        "{\"text\": \"a\",}",
        "{\"text\" \"a\"}",
        "{\"text\": \"a\"} extra",
        "{\"text\": \"a\"}{}",
        "/* note */ {}",
        "{\"text\": tru}",
        "nonsense",
      })
  void whatIsNotJsonIsRefusedWithItsPosition(String json) {
    assertThatThrownBy(() -> decode(json))
        .satisfies(JsonCodecTest::isInvalidArgument)
        .hasMessageContaining("malformed JSON")
        .hasMessageMatching("(?s).*(line 1 column|after the end).*")
        .message()
        .doesNotContain("http", "Strictness");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "3", "\"text\"", "null"})
  void whatIsNotAnObjectIsRefused(String json) {
    assertThatThrownBy(() -> decode(json)).satisfies(JsonCodecTest::isInvalidArgument);
  }

  @Test
  void textThatIsNotUtf8IsRefused() {
    byte[] bytes = "{\"text\": \"?\"}".getBytes(StandardCharsets.UTF_8);
    bytes[10] = (byte) 0xff;

    assertThatThrownBy(() -> codec.decode(Probe.getDefaultInstance(), bytes))
        .satisfies(JsonCodecTest::isInvalidArgument)
        .hasMessageContaining("UTF-8");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"inner\":", "{\"unknown\":", "["})
  void nestingWithoutEndIsRefused(String opening) {
    assertThatThrownBy(() -> decode(opening.repeat(50_000)))
        .satisfies(JsonCodecTest::isInvalidArgument);
  }

  @Test
  void outputIsLowerCamelCaseWithNumbersAsStringsAndWithoutDefaults() throws StatusException {
    Probe probe =
        Probe.newBuilder().setBigNumber(5).setColour(Colour.COLOUR_RED).setText("ü").build();

    assertThat(new String(codec.encode(probe), StandardCharsets.UTF_8))
        .isEqualTo("{\"text\":\"ü\",\"bigNumber\":\"5\",\"colour\":\"COLOUR_RED\"}");
  }

  private Probe decode(String json) throws StatusException {
    return (Probe) codec.decode(Probe.getDefaultInstance(), json.getBytes(StandardCharsets.UTF_8));
  }

  private static void isInvalidArgument(Throwable thrown) {
    assertThat(Status.fromThrowable(thrown).getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
  }
}
