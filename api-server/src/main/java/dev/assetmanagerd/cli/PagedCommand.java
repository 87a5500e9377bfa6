package dev.assetmanagerd.cli;

import com.google.protobuf.Message;
import java.util.List;
import picocli.CommandLine.Option;

/**
 * A command that lists something page by page.
 *
 * @param <P> a page
 */
abstract class PagedCommand<P> extends RemoteCommand {
  private static final int LARGEST_PAGE = 1000;

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

  /** Field of the JSON output. */
  abstract String name();

  /** Asks for a page. */
  abstract P page(NodeClient client, int size, String token);

  abstract List<? extends Message> items(P page);

  abstract Table table(P page);

  /** Token of the page after this one; empty where it is the last. */
  abstract String next(P page);

  @Override
  final int run(NodeClient client) {
    int size = pageSize == 0 && all ? LARGEST_PAGE : pageSize;
    P page = page(client, size, pageToken);
    boolean first = true;
    if (json()) {
      out().print("{\"" + name() + "\":[");
    }
    while (true) {
      print(page, first);
      first &= items(page).isEmpty() && json();
      if (!all || next(page).isEmpty()) {
        break;
      }
      page = page(client, size, next(page));
    }
    finish(next(page));
    return ExitCodes.OK;
  }

  private void print(P page, boolean first) {
    if (!json()) {
      table(page).print(out(), first);
      return;
    }
    String separator = first ? "" : ",";
    for (Message item : items(page)) {
      out().println(separator);
      out().print(Json.of(item));
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
