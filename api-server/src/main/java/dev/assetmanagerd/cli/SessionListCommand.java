package dev.assetmanagerd.cli;

import dev.assetmanagerd.lease.v1.ListSessionsRequest;
import dev.assetmanagerd.lease.v1.ListSessionsResponse;
import dev.assetmanagerd.lease.v1.Session;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code session list}. */
@Command(name = "list", description = "Lists sessions by id.")
final class SessionListCommand extends PagedCommand<ListSessionsResponse> {
  @Override
  String name() {
    return "sessions";
  }

  @Override
  ListSessionsResponse page(NodeClient client, int size, String token) {
    ListSessionsRequest request =
        ListSessionsRequest.newBuilder().setPageSize(size).setPageToken(token).build();
    return client.read(channel -> leases(channel, client).listSessions(request));
  }

  @Override
  List<Session> items(ListSessionsResponse page) {
    return page.getSessionsList();
  }

  @Override
  Table table(ListSessionsResponse page) {
    return LeaseTables.ofSessions(page.getSessionsList());
  }

  @Override
  String next(ListSessionsResponse page) {
    return page.getNextPageToken();
  }
}
