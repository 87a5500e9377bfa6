package dev.assetmanagerd.connect;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.TypeRegistry;
import io.grpc.Metadata;
import org.junit.jupiter.api.Test;

class StreamWriterTest {
  private final StreamWriter writer =
      new ConnectStreamWriter(
          new WireFormat.ResponseOptions(
              "application/connect+proto",
              Compression.IDENTITY,
              true,
              new ErrorJson(TypeRegistry.getEmptyTypeRegistry())));

  @Test
  void aWriterWhoseCallerHasGoneIsNotReadyForMore() {
    writer.headers(new Metadata());
    assertThat(writer.isReady()).isTrue();

    writer.response().abort();
    writer.message(new Envelope(0, "nobody reads this".getBytes(UTF_8)));

    assertThat(writer.isReady()).isFalse();
  }
}
