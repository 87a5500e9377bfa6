package dev.assetmanagerd.cli;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.ListAssetsRequest;
import dev.assetmanagerd.api.v1.ListAssetsResponse;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code asset list}. */
@Command(name = "list", description = "Lists assets, newest first.")
final class ListCommand extends PagedCommand<ListAssetsResponse> {
  @Option(
      names = "--type",
      paramLabel = "TYPE",
      converter = Names.Type.class,
      description = "Only kernel, rootfs, initrd or disk-image.")
  private AssetType type = AssetType.ASSET_TYPE_UNSPECIFIED;

  @Option(
      names = "--status",
      paramLabel = "STATUS",
      converter = Names.State.class,
      description = "Only this status: uploading, available, deleting or error.")
  private AssetStatus status = AssetStatus.ASSET_STATUS_UNSPECIFIED;

  @Option(
      names = "--label",
      paramLabel = "KEY=VALUE",
      description = "Only with this label. May be given several times; all must match.")
  private Map<String, String> labels = new LinkedHashMap<>();

  @Override
  String name() {
    return "assets";
  }

  @Override
  ListAssetsResponse page(NodeClient client, int size, String token) {
    ListAssetsRequest request =
        ListAssetsRequest.newBuilder()
            .setType(type)
            .setStatus(status)
            .putAllLabelSelector(labels)
            .setPageSize(size)
            .setPageToken(token)
            .build();
    return client.read(channel -> assets(channel, client).listAssets(request));
  }

  @Override
  List<Asset> items(ListAssetsResponse page) {
    return page.getAssetsList();
  }

  @Override
  Table table(ListAssetsResponse page) {
    return Table.ofAssets(page.getAssetsList());
  }

  @Override
  String next(ListAssetsResponse page) {
    return page.getNextPageToken();
  }
}
