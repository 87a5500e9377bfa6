package dev.assetmanagerd.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.StatusException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CompressionTest {
  @Test
  void whatIsCompressedComesBack() throws StatusException {
    byte[] message = "word ".repeat(1000).getBytes(java.nio.charset.StandardCharsets.UTF_8);

    byte[] packed = Compression.GZIP.compress(message);

    assertThat(packed).hasSizeLessThan(message.length);
    assertThat(Compression.GZIP.decompress(packed, message.length)).isEqualTo(message);
  }

  @Test
  void aBombIsRefusedAtTheLimit() {
    byte[] bomb = Compression.GZIP.compress(new byte[64 * 1024 * 1024]);
    assertThat(bomb).hasSizeLessThan(100_000);

    assertThatThrownBy(() -> Compression.GZIP.decompress(bomb, 1024 * 1024))
        .isInstanceOf(StatusException.class)
        .hasMessageContaining("RESOURCE_EXHAUSTED")
        .hasMessageContaining("1048576 bytes when decompressed");
  }

  @Test
  void whatIsNotGzipIsAnInvalidArgument() {
    assertThatThrownBy(() -> Compression.GZIP.decompress(new byte[] {1, 2, 3}, 1024))
        .isInstanceOf(StatusException.class)
        .hasMessageContaining("INVALID_ARGUMENT");
  }

  @Test
  void anUnknownEncodingIsUnimplementedAndNamesTheKnownOnes() {
    assertThatThrownBy(() -> Compression.ofRequest("br"))
        .isInstanceOf(StatusException.class)
        .hasMessageContaining("UNIMPLEMENTED")
        .hasMessageContaining("\"br\"")
        .hasMessageContaining("gzip");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "gzip|GZIP",
        "br, gzip|GZIP",
        "identity, gzip|IDENTITY",
        "br|IDENTITY",
        "gzip;q=0|IDENTITY",
        "gzip;q=0.5|GZIP",
        "''|IDENTITY",
      })
  void theClientsOrderDecidesTheResponse(String accepted, Compression expected) {
    assertThat(Compression.ofResponse(accepted, Compression.IDENTITY)).isEqualTo(expected);
  }

  @Test
  void aClientThatListsNothingReadsWhatItSends() {
    assertThat(Compression.ofResponse(null, Compression.GZIP)).isEqualTo(Compression.GZIP);
  }

  @Test
  void smallMessagesAreNotCompressed() {
    assertThat(Compression.GZIP.pack(new byte[100]).isCompressed()).isFalse();
    assertThat(Compression.GZIP.pack(new byte[10_000]).isCompressed()).isTrue();
  }
}
