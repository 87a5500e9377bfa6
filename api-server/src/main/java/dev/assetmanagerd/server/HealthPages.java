package dev.assetmanagerd.server;

import com.google.gson.JsonObject;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServerBuilder;
import dev.assetmanagerd.node.v1.NodeStatus;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * {@code /livez} and {@code /readyz}: 200 or 503 with a line of text, one for each check with
 * {@code ?verbose}. {@code /health}: the same and the node's status as JSON, 200 when it is ready.
 */
final class HealthPages {
  private final Health health;
  private final Supplier<CompletableFuture<NodeStatus>> status;

  /**
   * @param status of this node, without its state hash
   */
  HealthPages(Health health, Supplier<CompletableFuture<NodeStatus>> status) {
    this.health = health;
    this.status = status;
  }

  void bindTo(ServerBuilder server) {
    server
        .service("/livez", page(health::live))
        .service("/readyz", page(health::ready))
        .service("/health", json());
  }

  private static HttpService page(Supplier<HealthReport> check) {
    return (context, request) -> {
      HealthReport report = check.get();
      boolean verbose = context.queryParams().contains("verbose");
      return respond(
          report.ok(),
          MediaType.PLAIN_TEXT_UTF_8,
          (verbose ? report.verbose() : report.summary()) + "\n");
    };
  }

  private HttpService json() {
    return (context, request) ->
        HttpResponse.of(
            status
                .get()
                .thenApply(
                    node -> {
                      HealthReport ready = health.ready();
                      return respond(ready.ok(), MediaType.JSON, json(node, ready));
                    }));
  }

  private String json(NodeStatus node, HealthReport ready) {
    JsonObject page = new JsonObject();
    page.addProperty("status", ready.ok() ? "ok" : "unavailable");
    page.addProperty("live", health.live().ok());
    page.addProperty("ready", ready.ok());
    page.addProperty("version", node.getVersion());
    page.addProperty("node_id", node.getNodeId());
    page.addProperty("role", node.getRole());
    page.addProperty("leader_id", node.getLeaderId());
    page.addProperty("term", node.getTerm());
    page.addProperty("applied_index", node.getAppliedIndex());
    JsonObject checks = new JsonObject();
    ready.problems().forEach((name, problem) -> checks.addProperty(name, problem.orElse("ok")));
    page.add("checks", checks);
    return page + "\n";
  }

  private static HttpResponse respond(boolean ok, MediaType type, String text) {
    return HttpResponse.of(
        ResponseHeaders.builder(ok ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE)
            .contentType(type)
            .set(HttpHeaderNames.CACHE_CONTROL, "no-store")
            .build(),
        HttpData.ofUtf8(text));
  }
}
