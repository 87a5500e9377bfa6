package dev.assetmanagerd.cli;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.ListAssetsRequest;
import dev.assetmanagerd.api.v1.ListAssetsResponse;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code asset list}. */
@Command(name = "list", description = "Lists assets, newest first.")
final class ListCommand extends RemoteCommand {
  private static final int LARGEST_PAGE = 1000;

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

  @Option(names = "--all", description = "All pages, not only one.")
  private boolean all;

  @Option(
      names = "--page-size",
      paramLabel = "COUNT",
      description = "How many at a time, at most 1000. Default: 100, with --all 1000.")
  private int pageSize;

  @Option(
      names = "--page-token",
      paramLabel = "TOKEN",
      description = "Goes on where the page that printed this token ended.")
  private String pageToken = "";

  @Override
  int run(NodeClient client) {
    ListAssetsRequest.Builder request =
        ListAssetsRequest.newBuilder()
            .setType(type)
            .setStatus(status)
            .putAllLabelSelector(labels)
            .setPageSize(pageSize == 0 && all ? LARGEST_PAGE : pageSize)
            .setPageToken(pageToken);
    ListAssetsResponse page = page(client, request);
    boolean first = true;
    if (json()) {
      out().print("{\"assets\":[");
    }
    while (true) {
      print(page, first);
      first &= page.getAssetsCount() == 0 && json();
      if (!all || page.getNextPageToken().isEmpty()) {
        break;
      }
      page = page(client, request.setPageToken(page.getNextPageToken()));
    }
    finish(page.getNextPageToken());
    return ExitCodes.OK;
  }

  private ListAssetsResponse page(NodeClient client, ListAssetsRequest.Builder request) {
    ListAssetsRequest wanted = request.build();
    return client.read(channel -> assets(channel, client).listAssets(wanted));
  }

  private void print(ListAssetsResponse page, boolean first) {
    if (!json()) {
      Table.ofAssets(page.getAssetsList()).print(out(), first);
      return;
    }
    String separator = first ? "" : ",";
    for (Asset asset : page.getAssetsList()) {
      out().println(separator);
      out().print(Json.of(asset));
      separator = ",";
    }
  }

  private void finish(String nextPageToken) {
    if (json()) {
      // Page tokens are URL-safe Base64: nothing in them has to be escaped.
      out().println("],\n\"nextPageToken\":\"" + nextPageToken + "\"}");
    } else if (!nextPageToken.isEmpty()) {
      err().println("there are more: --all, or --page-token=" + nextPageToken);
    }
  }
}
