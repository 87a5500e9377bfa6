package dev.assetmanagerd.config;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What has to hold of the options for secure connections. */
final class TlsRules {
  static final List<Option<Path>> FILES =
      List.of(Options.TLS_CERT_FILE, Options.TLS_KEY_FILE, Options.TLS_CA_FILE);

  private TlsRules() {}

  /** What the mode needs, and whether there is such a mode. */
  static Stream<String> mode(Values values) {
    return switch (values.get(Options.TLS_MODE)) {
      case DISABLED -> Stream.empty();
      case FILE -> files(values);
      case SPIFFE -> Stream.of(spiffe(values));
    };
  }

  private static Stream<String> files(Values values) {
    return FILES.stream()
        .filter(file -> values.find(file).isEmpty())
        .map(
            file ->
                "%s is file, which needs %s"
                    .formatted(Options.TLS_MODE.variable(), file.variable()));
  }

  /** Otherwise whoever may read an asset could speak as a node, and change everything. */
  static Stream<String> names(Values values) {
    boolean alone =
        Derived.members(values).size() == 1 && values.find(Options.CLUSTER_JOIN).isEmpty();
    return values.get(Options.TLS_MODE) != TlsMode.FILE
            || alone
            || values.find(Options.TLS_PEER_NAMES).isPresent()
        ? Stream.empty()
        : Stream.of(
            "%s is file and there are other nodes, which needs %s: the names by which their certificates are known"
                .formatted(Options.TLS_MODE.variable(), Options.TLS_PEER_NAMES.variable()));
  }

  private static String spiffe(Values values) {
    String variable = Options.TLS_MODE.variable();
    String origin = values.origin(Options.TLS_MODE).isEmpty() ? " (the default)" : "";
    return "%s is spiffe%s, which this version cannot do; set %s=file for TLS with certificates in files, or %s=disabled to serve without encryption"
        .formatted(variable, origin, variable, variable);
  }
}
