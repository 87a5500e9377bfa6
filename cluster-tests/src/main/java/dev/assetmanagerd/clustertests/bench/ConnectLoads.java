package dev.assetmanagerd.clustertests.bench;

import com.linecorp.armeria.client.ClientFactory;
import com.linecorp.armeria.client.WebClient;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.RequestHeaders;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Loads in Connect's JSON over HTTP/2 without TLS. */
final class ConnectLoads implements AutoCloseable {
  private static final String SERVICE = "/asset.v1.AssetManagerService/";
  private static final String LEASE_ID = "\"leaseId\":";

  private final ClientFactory factory = ClientFactory.builder().build();
  private final List<WebClient> clients;

  /** Calls these addresses, {@code host:port}; callers are spread over them. */
  ConnectLoads(List<String> addresses) {
    clients =
        addresses.stream()
            .map(address -> WebClient.builder("h2c://" + address).factory(factory).build())
            .toList();
  }

  /** Each caller acquires a lease, releases it, acquires again. */
  Load leases(List<String> assetIds) {
    List<HttpData> acquires =
        assetIds.stream()
            .map(id -> "{\"asset_id\":\"" + id + "\",\"acquired_by\":\"bench\"}")
            .map(HttpData::ofUtf8)
            .toList();
    AtomicReferenceArray<@Nullable String> held = new AtomicReferenceArray<>(assetIds.size());
    return (slot, done) -> {
      String lease = held.getAndSet(slot, null);
      if (lease == null) {
        post(slot, "AcquireAsset", acquires.get(slot), text -> held.set(slot, leaseId(text)), done);
      } else {
        HttpData body = HttpData.ofUtf8("{\"lease_id\":\"" + lease + "\"}");
        post(slot, "ReleaseAsset", body, text -> {}, done);
      }
    };
  }

  private void post(
      int slot, String method, HttpData body, Consumer<String> answer, Load.Done done) {
    RequestHeaders headers =
        RequestHeaders.builder(HttpMethod.POST, SERVICE + method)
            .contentType(MediaType.JSON)
            .add(HttpHeaderNames.of("connect-protocol-version"), "1")
            .build();
    var unused =
        clients
            .get(slot % clients.size())
            .execute(HttpRequest.of(headers, body))
            .aggregate()
            .handle(
                (response, failure) -> {
                  finish(response, failure, answer, done);
                  return null;
                });
  }

  private static void finish(
      @Nullable AggregatedHttpResponse response,
      @Nullable Throwable failure,
      Consumer<String> answer,
      Load.Done done) {
    if (response == null) {
      done.failed(failure == null ? new IllegalStateException("no response") : failure);
    } else if (!response.status().equals(HttpStatus.OK)) {
      done.failed(new IllegalStateException(response.status() + " " + response.contentUtf8()));
    } else {
      answer.accept(response.contentUtf8());
      done.succeeded();
    }
  }

  /** Cheaper than a parser: the load shares its cores with what it measures. */
  private static String leaseId(String json) {
    int name = json.indexOf(LEASE_ID);
    int open = json.indexOf('"', name + LEASE_ID.length());
    return json.substring(open + 1, json.indexOf('"', open + 1));
  }

  @Override
  public void close() {
    factory.close();
  }
}
