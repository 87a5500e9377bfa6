package dev.assetmanagerd.storage.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressRulesTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "8.8.8.8",
        "1.1.1.1",
        "172.32.0.1",
        "100.128.0.1",
        "2606:4700::1111",
        "64:ff9b::808:808"
      })
  void publicAddressesAreAllowed(String address) throws Exception {
    assertThat(new AddressRules(false).objection(InetAddress.getByName(address))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "127.0.0.1",
        "127.9.9.9", "::1", "fd00::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::a00:1"
      })
  void privateAddressesAreAllowedOnlyWhereTheOperatorSaysSo(String address) throws Exception {
    InetAddress parsed = InetAddress.getByName(address);
    assertThat(new AddressRules(false).objection(parsed)).isPresent();
    assertThat(new AddressRules(true).objection(parsed)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0.0.0.0",
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "203.0.113.9",
        "::",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2001:0:1::1",
        "64:ff9b:1::1",
        "::127.0.0.1"
      })
  void otherAddressesAreNeverAllowed(String address) throws Exception {
    assertThat(new AddressRules(true).objection(InetAddress.getByName(address))).isPresent();
  }
}
