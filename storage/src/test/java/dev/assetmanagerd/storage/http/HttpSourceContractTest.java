package dev.assetmanagerd.storage.http;

import com.sun.net.httpserver.HttpServer;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.BlobReaderContract;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/** The read side of the contract of all stores, over a real HTTP server. */
@Timeout(60)
class HttpSourceContractTest extends BlobReaderContract {
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private HttpServer server;
  private HttpSource source;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.start();
    source = new HttpSource(HttpSourceOptions.of(List.of("127.0.0.1:*"), true, true));
  }

  @AfterEach
  void stop() {
    source.close();
    server.stop(0);
    threads.shutdownNow();
  }

  @Override
  protected BlobReader reader() {
    return source;
  }

  @Override
  protected String provide(byte[] content) {
    String path = "/" + digest(content).hex();
    server.createContext(path, new RangedFile(content, "\"1\""));
    return url(path);
  }

  @Override
  protected String absentLocation() {
    return url("/absent");
  }

  private String url(String path) {
    return "http://127.0.0.1:" + server.getAddress().getPort() + path;
  }
}
