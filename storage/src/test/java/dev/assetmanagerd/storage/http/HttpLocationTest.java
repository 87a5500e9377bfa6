package dev.assetmanagerd.storage.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assetmanagerd.storage.blob.InvalidLocationException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpLocationTest {
  private static final HostList HOSTS =
      HostList.parse(
          List.of(
              "images.test", "*.cdn.test", "odd.test:8443", "any.test:*", "127.0.0.1", "[::1]"));

  @ParameterizedTest
  @CsvSource({
    "https://images.test/a.img, https://images.test/a.img",
    "HTTPS://Images.TEST:443/a%2fb?v=1, https://images.test/a%2Fb?v=1",
    "https://images.test, https://images.test/",
    "https://x.y.cdn.test/a, https://x.y.cdn.test/a",
    "https://odd.test:8443/a, https://odd.test:8443/a",
    "https://any.test:9/a, https://any.test:9/a",
    "https://127.0.0.1/a, https://127.0.0.1/a",
    "https://[0::1]/a, https://[0:0:0:0:0:0:0:1]/a"
  })
  void anAddressHasOneSpelling(String given, String spelled) throws Exception {
    assertThat(HttpLocation.parse(given, HOSTS, false)).hasToString(spelled);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://images.test/a",
        "file:///etc/passwd",
        "gopher://images.test/a",
        "ftp://images.test/a",
        "jar:https://images.test/a!/b",
        "//images.test/a",
        "/etc/passwd",
        "https:images.test/a",
        "https:///a",
        "https://user@images.test/a",
        "https://user:hunter2@images.test/a",
        "https://images.test@evil.test/a",
        "https://evil.test/a",
        "https://images.test.evil.test/a",
        "https://evilcdn.test/a",
        "https://cdn.test/a",
        "https://images.test./a",
        "https://images.test:8443/a",
        "https://images.test:0/a",
        "https://odd.test/a",
        "https://any.test:65536/a",
        "https://2130706433/a",
        "https://0x7f000001/a",
        "https://0x7f.0.0.1/a",
        "https://0177.0.0.1/a",
        "https://127.1/a",
        "https://127.0.0.01/a",
        "https://[::ffff:127.0.0.1]/a",
        "https://[::1%25lo]/a",
        "https://[::2]/a",
        "https://169.254.169.254/latest/meta-data/",
        "https://images.test/../a",
        "https://images.test/a/%2e%2E/b",
        "https://images.test/./a",
        "https://images.test/a%00",
        "https://images.test/a%0d%0aHost:x",
        "https://images.test/a\r\nHost: x",
        "https://images.test\\@evil.test/a",
        "https://images.test/a#b",
        "https://images.test/\u00e4",
        "https://images.test/a?X-Amz-Signature=hunter2",
        "https://images.test/a?x=1&sig=hunter2",
      })
  void whatIsNoPlainAddressOfAnAllowedHostIsRefused(String hostile) {
    assertThatThrownBy(() -> HttpLocation.parse(hostile, HOSTS, false))
        .isInstanceOf(InvalidLocationException.class)
        .message()
        .doesNotContain("hunter2");
  }

  @Test
  void plainHttpHasToBeAllowed() throws Exception {
    assertThat(HttpLocation.parse("http://images.test:80/a", HOSTS, true))
        .hasToString("http://images.test/a");
  }

  @Test
  void withoutHostsNothingIsAllowed() {
    assertThatThrownBy(
            () -> HttpLocation.parse("https://images.test/a", HostList.parse(List.of()), false))
        .isInstanceOf(InvalidLocationException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "*",
        "*.*",
        "https://a.test",
        "a.test/",
        "a b",
        "a.test:0",
        "a:70000",
        "*a.test",
        "[::ffff:1.2.3.4]"
      })
  void aMalformedHostIsNamed(String host) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> HostList.parse(List.of("ok.test", host)))
        .withMessageContaining("\"" + host + "\"");
  }
}
