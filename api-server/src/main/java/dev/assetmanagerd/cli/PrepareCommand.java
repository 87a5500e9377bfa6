package dev.assetmanagerd.cli;

import com.google.common.base.Splitter;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.assetmanagerd.api.v1.PrepareAssetsRequest;
import dev.assetmanagerd.api.v1.PrepareAssetsResponse;
import io.grpc.Channel;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code asset prepare}. */
@Command(
    name = "prepare",
    description = "Puts assets into the directory of a VM, on the host of the node that is asked.")
final class PrepareCommand extends ChangeCommand {
  private static final Metadata.Key<String> LEASE_TTL =
      Metadata.Key.of("assetmanager-lease-ttl", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> LEASES =
      Metadata.Key.of("assetmanager-leases", Metadata.ASCII_STRING_MARSHALLER);

  /** Copies may be large. */
  private static final Duration TIMEOUT = Duration.ofMinutes(10);

  @Parameters(arity = "1..*", paramLabel = "ID", description = "Ids of the assets.")
  private List<String> ids = new ArrayList<>();

  @Option(
      names = "--target",
      required = true,
      paramLabel = "DIR",
      description = "The directory. Relative ones are taken from where this command runs.")
  private Path target = Path.of("");

  @Option(names = "--for", paramLabel = "WHO", description = "Whom it is for, such as a VM's id.")
  private String preparedFor = "";

  @Option(
      names = "--lease-ttl",
      paramLabel = "DURATION",
      converter = Durations.class,
      description = {
        "Keeps a lease of this length on each asset, held by --for, and prints their ids.",
        "0s: what the node configures. Default: no lease is kept."
      })
  private @Nullable Duration leaseTtl;

  @Mixin private SessionOption session = new SessionOption();

  @Override
  Duration defaultTimeout() {
    return TIMEOUT;
  }

  @Override
  int run(NodeClient client) throws IOException {
    PrepareAssetsRequest request =
        PrepareAssetsRequest.newBuilder()
            .addAllAssetIds(ids)
            .setTargetPath(target.toAbsolutePath().toString())
            .setPreparedFor(preparedFor)
            .build();
    AtomicReference<Metadata> headers = new AtomicReference<>();
    PrepareAssetsResponse response =
        change(
            client,
            channel ->
                assets(keeping(channel), client)
                    .withInterceptors(
                        MetadataUtils.newCaptureMetadataInterceptor(
                            headers, new AtomicReference<>()))
                    .prepareAssets(request));
    Map<String, String> leases = leasesOf(headers.get());
    if (json()) {
      printJson(leases.isEmpty() ? response : withLeases(response, leases));
      return ExitCodes.OK;
    }
    Table table = leases.isEmpty() ? new Table("ID", "PATH") : new Table("ID", "PATH", "LEASE");
    for (String id : ids) {
      String path = response.getAssetPathsOrDefault(id, "-");
      if (leases.isEmpty()) {
        table.add(id, path);
      } else {
        table.add(id, path, leases.getOrDefault(id, "-"));
      }
    }
    table.print(out());
    return ExitCodes.OK;
  }

  private Channel keeping(Channel channel) {
    if (leaseTtl == null) {
      return session.in(channel);
    }
    Metadata metadata = new Metadata();
    metadata.put(LEASE_TTL, seconds("--lease-ttl", leaseTtl) + "s");
    return session.in(with(channel, metadata));
  }

  /** Of a header such as {@code asset1=lease1, asset2=lease2}. */
  private static Map<String, String> leasesOf(@Nullable Metadata headers) {
    String text = headers == null ? null : headers.get(LEASES);
    return text == null
        ? Map.of()
        : Splitter.on(',').trimResults().withKeyValueSeparator('=').split(text);
  }

  private static Struct withLeases(PrepareAssetsResponse response, Map<String, String> leases) {
    return Struct.newBuilder()
        .putFields("assetPaths", value(response.getAssetPathsMap()))
        .putFields("leases", value(leases))
        .build();
  }

  private static Value value(Map<String, String> texts) {
    Struct.Builder fields = Struct.newBuilder();
    texts.forEach(
        (key, text) -> fields.putFields(key, Value.newBuilder().setStringValue(text).build()));
    return Value.newBuilder().setStructValue(fields).build();
  }
}
