package dev.assetmanagerd.cli;

import dev.assetmanagerd.tls.ChannelSecurity;
import dev.assetmanagerd.tls.ClientTls;
import dev.assetmanagerd.tls.TlsFileException;
import dev.assetmanagerd.tls.TlsFiles;
import java.nio.file.Path;
import java.time.Clock;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a command's connections are secured: TLS with certificates on both sides, or not at all. */
final class TlsOptions {
  @Option(
      names = "--tls-cert",
      paramLabel = "FILE",
      defaultValue = "${env:ASSETMANAGERD_TLS_CERT:-}",
      description = {
        "Own certificate, PEM. This and the next two together turn on TLS.",
        "Default: the environment variable ASSETMANAGERD_TLS_CERT."
      })
  private @Nullable Path certificate;

  @Option(
      names = "--tls-key",
      paramLabel = "FILE",
      defaultValue = "${env:ASSETMANAGERD_TLS_KEY:-}",
      description = {
        "Its private key, PEM, without a passphrase.",
        "Default: the environment variable ASSETMANAGERD_TLS_KEY."
      })
  private @Nullable Path key;

  @Option(
      names = "--tls-ca",
      paramLabel = "FILE",
      defaultValue = "${env:ASSETMANAGERD_TLS_CA:-}",
      description = {
        "Authorities that the nodes' certificates have to come from, PEM.",
        "Default: the environment variable ASSETMANAGERD_TLS_CA."
      })
  private @Nullable Path authorities;

  /**
   * What the options say.
   *
   * @throws IllegalArgumentException when that cannot be had; never falls back to plain text
   */
  ChannelSecurity read() {
    Path own = file(certificate);
    Path secret = file(key);
    Path trusted = file(authorities);
    if (own == null && secret == null && trusted == null) {
      return ChannelSecurity.PLAIN;
    }
    if (own == null || secret == null || trusted == null) {
      throw new IllegalArgumentException("--tls-cert, --tls-key and --tls-ca belong together");
    }
    try {
      return ClientTls.of(
          new TlsFiles(
                  new TlsFiles.Source("--tls-cert", own),
                  new TlsFiles.Source("--tls-key", secret),
                  new TlsFiles.Source("--tls-ca", trusted))
              .read(Clock.systemUTC()));
    } catch (TlsFileException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  /** A variable that is set to nothing counts as not set. */
  private static @Nullable Path file(@Nullable Path option) {
    return option == null || option.toString().isEmpty() ? null : option;
  }
}
