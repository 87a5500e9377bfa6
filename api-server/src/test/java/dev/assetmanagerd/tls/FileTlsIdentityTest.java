package dev.assetmanagerd.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.pkitesting.X509Bundle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Replaced files. */
class FileTlsIdentityTest {
  @TempDir Path directory;

  private final List<TlsIdentity> seen = new ArrayList<>();
  private TestAuthority authority;
  private X509Bundle first;
  private X509Bundle second;
  private FileTlsIdentity source;

  @BeforeEach
  void open() throws Exception {
    authority = new TestAuthority("one");
    first = authority.issue(TestAuthority.NODE);
    second = authority.issue(TestAuthority.NODE);
    source = FileTlsIdentity.open(authority.write(directory, first), Clock.systemUTC());
  }

  @AfterEach
  void close() {
    source.close();
  }

  @Test
  void replacedFilesAreTakenWithoutBeingAskedTo() throws Exception {
    List<TlsIdentity> heard = new java.util.concurrent.CopyOnWriteArrayList<>();
    source.follow(heard::add);
    authority.write(directory, second);

    Awaitility.await()
        .atMost(FileTlsIdentity.INTERVAL.multipliedBy(10))
        .until(() -> heard.size() == 2);
    assertThat(heard)
        .extracting(TlsIdentity::certificate)
        .containsExactly(cert(first), cert(second));
    assertThat(source.current().certificate()).isEqualTo(cert(second));
  }

  @Test
  void whatDoesNotGoTogetherYetIsWaitedForWithoutAWord() throws Exception {
    source.follow(seen::add);
    replace("cert.pem", second.getCertificatePathPEM());
    source.look();
    assertThat(source.current().certificate()).isEqualTo(cert(first));
    assertThat(source.problem()).isNull();

    replace("key.pem", second.getPrivateKeyPEM());
    source.look();
    assertThat(source.current().certificate()).isEqualTo(cert(second));
    assertThat(seen)
        .extracting(TlsIdentity::certificate)
        .containsExactly(cert(first), cert(second));
  }

  @Test
  void whatIsOfNoUseIsRefusedAndTheFormerStays() throws Exception {
    source.follow(seen::add);
    replace("cert.pem", second.getCertificatePathPEM());
    source.look();
    source.look();
    assertThat(source.problem()).contains("is not the key of the certificate");
    replace("cert.pem", "nonsense");
    source.look();
    source.look();
    assertThat(source.problem()).contains("cert.pem) holds no certificate");
    Files.delete(directory.resolve("ca.pem"));
    source.look();
    source.look();
    assertThat(source.problem()).contains("ca.pem) cannot be read");
    assertThat(source.current().certificate()).isEqualTo(cert(first));
    assertThat(seen).hasSize(1);

    authority.write(directory, second);
    source.look();
    assertThat(source.problem()).isNull();
    assertThat(source.current().certificate()).isEqualTo(cert(second));
  }

  @Test
  void aDirectoryBehindASymbolicLinkIsReplacedWhole() throws Exception {
    Path one = directory.resolve("one");
    Path two = directory.resolve("two");
    authority.write(one, first);
    authority.write(two, second);
    Path link = Files.createSymbolicLink(directory.resolve("now"), one);
    try (FileTlsIdentity linked =
        FileTlsIdentity.open(TestAuthority.files(link), Clock.systemUTC())) {
      Files.move(
          Files.createSymbolicLink(directory.resolve("next"), two),
          link,
          StandardCopyOption.ATOMIC_MOVE);
      linked.look();
      assertThat(linked.current().certificate()).isEqualTo(cert(second));
    }
  }

  @Test
  void otherAuthoritiesAloneAreTakenToo() throws Exception {
    TestAuthority other = new TestAuthority("two");
    replace("ca.pem", authority.pem() + other.pem());
    source.look();
    assertThat(source.current().authorities()).hasSize(2);
    assertThat(source.current().certificate()).isEqualTo(cert(first));
  }

  @Test
  void withoutAnIdentityToBeginWithThereIsNone() throws Exception {
    replace("key.pem", second.getPrivateKeyPEM());
    assertThatThrownBy(
            () -> FileTlsIdentity.open(TestAuthority.files(directory), Clock.systemUTC()))
        .isInstanceOf(TlsFileException.class)
        .hasMessageContaining("is not the key");
  }

  private void replace(String name, String content) throws Exception {
    TestAuthority.replace(directory.resolve(name), content);
  }

  private static java.security.cert.X509Certificate cert(X509Bundle bundle) {
    return bundle.getCertificate();
  }
}
