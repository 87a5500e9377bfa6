package dev.assetmanagerd.storage.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A certificate authority of a test's own, made with the tool that comes with Java. */
final class TestAuthority {
  private static final String PASSWORD = "changeit";

  private final Path directory;

  TestAuthority(Path directory) throws Exception {
    this.directory = directory;
    keytool(
        "-genkeypair",
        "-alias",
        "ca",
        "-dname",
        "CN=test authority",
        "-ext",
        "bc:c",
        "-keyalg",
        "EC",
        "-validity",
        "2",
        "-keystore",
        "ca.p12");
    keytool("-exportcert", "-rfc", "-alias", "ca", "-keystore", "ca.p12", "-file", "ca.pem");
  }

  /** What a server shows that has a certificate of this authority for a name. */
  SSLContext server(String name) throws Exception {
    String store = name + ".p12";
    keytool(
        "-genkeypair",
        "-alias",
        "server",
        "-dname",
        "CN=" + name,
        "-keyalg",
        "EC",
        "-validity",
        "2",
        "-keystore",
        store);
    keytool("-certreq", "-alias", "server", "-keystore", store, "-file", name + ".csr");
    keytool(
        "-gencert",
        "-alias",
        "ca",
        "-keystore",
        "ca.p12",
        "-ext",
        "san=dns:" + name,
        "-validity",
        "2",
        "-rfc",
        "-infile",
        name + ".csr",
        "-outfile",
        name + ".pem");
    keytool("-importcert", "-noprompt", "-alias", "ca", "-keystore", store, "-file", "ca.pem");
    keytool("-importcert", "-alias", "server", "-keystore", store, "-file", name + ".pem");
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(load(store), PASSWORD.toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    return context;
  }

  /** What a client has that trusts this authority alone. */
  SSLContext client() throws Exception {
    keytool(
        "-importcert", "-noprompt", "-alias", "ca", "-keystore", "trust.p12", "-file", "ca.pem");
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(load("trust.p12"));
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  private KeyStore load(String file) throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(directory.resolve(file))) {
      store.load(in, PASSWORD.toCharArray());
    }
    return store;
  }

  private void keytool(String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments));
    command.addAll(List.of("-storepass", PASSWORD, "-storetype", "PKCS12"));
    Path output = directory.resolve("keytool.out");
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("keytool ends").isTrue();
    assertThat(process.exitValue())
        .as("%s: %s", command, Files.readString(output, StandardCharsets.UTF_8))
        .isZero();
  }
}
