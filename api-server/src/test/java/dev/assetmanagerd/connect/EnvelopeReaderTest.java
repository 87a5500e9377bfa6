package dev.assetmanagerd.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.linecorp.armeria.common.HttpData;
import io.grpc.StatusException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EnvelopeReaderTest {
  private final EnvelopeReader reader = new EnvelopeReader(1024 * 1024);

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4, 5, 6, 7, 1000})
  void messagesAreTheSameHoweverTheNetworkCutsThem(int pieceBytes) throws StatusException {
    byte[] stream = concat(frame(0, "one"), frame(1, ""), frame(2, "three"));

    feed(reader, stream, pieceBytes);
    reader.endOfInput();

    assertThat(drain(reader)).containsExactly("0:one", "1:", "2:three");
    assertThat(reader.isExhausted()).isTrue();
  }

  @Test
  void aMessageLargerThanTheFirstAllocationArrivesWhole() throws StatusException {
    String large = "0123456789".repeat(80_000);

    feed(reader, frame(0, large), 4096);
    reader.endOfInput();

    assertThat(drain(reader)).containsExactly("0:" + large);
  }

  @Test
  void aMessageOverTheLimitIsRefusedAtItsLength() {
    reader.add(HttpData.wrap(new byte[] {0, 0x7f, 0, 0, 0}));

    assertThatThrownBy(reader::next)
        .isInstanceOf(StatusException.class)
        .hasMessageContaining("RESOURCE_EXHAUSTED")
        .hasMessageContaining("limit of 1048576 bytes");
  }

  @Test
  void aLengthWithTheHighestBitIsLargeAndNotNegative() {
    reader.add(HttpData.wrap(new byte[] {0, -1, -1, -1, -1}));

    assertThatThrownBy(reader::next).hasMessageContaining("4294967295 bytes");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 5, 7})
  void aStreamThatEndsWithinAMessageIsRefused(int bytes) throws StatusException {
    feed(reader, java.util.Arrays.copyOf(frame(0, "one"), bytes), 100);
    reader.endOfInput();

    assertThatThrownBy(reader::next).hasMessageContaining("ended within a message");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 4, 5, 1000})
  void base64IsUndoneHoweverItIsCutAndPadded(int pieceBytes) throws StatusException {
    String text = base64(frame(0, "a")) + base64(frame(0, "bc")) + base64(frame(1, "def"));
    Base64Reader text64 = new Base64Reader(reader);

    feed(text64, text.getBytes(StandardCharsets.US_ASCII), pieceBytes);
    text64.endOfInput();

    assertThat(drain(text64)).containsExactly("0:a", "0:bc", "1:def");
    assertThat(text64.isExhausted()).isTrue();
  }

  @Test
  void whatIsNotBase64IsRefused() {
    Base64Reader text64 = new Base64Reader(reader);

    assertThatThrownBy(() -> text64.add(HttpData.ofAscii("AA?A")))
        .isInstanceOf(StatusException.class)
        .hasMessageContaining("not base64");
  }

  private static void feed(MessageReader reader, byte[] stream, int pieceBytes)
      throws StatusException {
    for (int from = 0; from < stream.length; from += pieceBytes) {
      int length = Math.min(pieceBytes, stream.length - from);
      reader.add(HttpData.copyOf(stream, from, length));
    }
  }

  private static List<String> drain(MessageReader reader) throws StatusException {
    List<String> messages = new ArrayList<>();
    for (Envelope next = reader.next(); next != null; next = reader.next()) {
      messages.add(next.flags() + ":" + new String(next.payload(), StandardCharsets.UTF_8));
    }
    return messages;
  }

  private static byte[] frame(int flags, String payload) {
    return RawHttp.envelope(flags, payload.getBytes(StandardCharsets.UTF_8));
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  private static byte[] concat(byte[]... parts) {
    java.io.ByteArrayOutputStream whole = new java.io.ByteArrayOutputStream();
    for (byte[] part : parts) {
      whole.writeBytes(part);
    }
    return whole.toByteArray();
  }
}
