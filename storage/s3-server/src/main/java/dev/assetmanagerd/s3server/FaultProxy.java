package dev.assetmanagerd.s3server;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A reverse proxy for HTTP/1.1 that passes requests on to a server, notes them, and breaks those it
 * is told to. Listens on the loopback interface. Thread-safe.
 */
public final class FaultProxy implements AutoCloseable {
  private static final int MAX_WAITING = 256;

  private record Rule(
      Predicate<ProxiedRequest> which, double share, AtomicInteger left, Fault fault) {}

  private final InetSocketAddress server;
  private final ServerSocket listener;
  private final ExecutorService threads = Executors.newCachedThreadPool(FaultProxy::daemon);
  private final Set<Socket> connections = ConcurrentHashMap.newKeySet();
  private final List<Rule> rules = new CopyOnWriteArrayList<>();
  private final List<ProxiedRequest> requests = new CopyOnWriteArrayList<>();
  private final CountDownLatch closed = new CountDownLatch(1);

  /** Of a fixed seed: a test that fails does so again. */
  private final Random random = new Random(1);

  private FaultProxy(InetSocketAddress server, ServerSocket listener) {
    this.server = server;
    this.listener = listener;
  }

  /** Starts one in front of a server, without faults. */
  public static FaultProxy start(URI server) throws IOException {
    ServerSocket listener = new ServerSocket(0, MAX_WAITING, InetAddress.getLoopbackAddress());
    FaultProxy proxy =
        new FaultProxy(new InetSocketAddress(server.getHost(), server.getPort()), listener);
    proxy.threads.execute(proxy::acceptAll);
    return proxy;
  }

  /** Where it listens, without a path. */
  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + listener.getLocalPort());
  }

  /** From now on, this happens to all requests. */
  public void inject(Fault fault) {
    inject(request -> true, 1, fault);
  }

  /**
   * From now on, this happens to some requests. Of several rules, the one injected first decides.
   *
   * @param which to them
   * @param share of them, from 0 to 1, by a fixed seed
   */
  public void inject(Predicate<ProxiedRequest> which, double share, Fault fault) {
    rules.add(new Rule(which, share, new AtomicInteger(Integer.MAX_VALUE), fault));
  }

  /** This happens to the next so many requests that are meant, and not any more then. */
  public void injectTimes(Predicate<ProxiedRequest> which, int times, Fault fault) {
    rules.add(new Rule(which, 1, new AtomicInteger(times), fault));
  }

  /** From now on, nothing happens to new requests; those under way keep their faults. */
  public void heal() {
    rules.clear();
  }

  /** Cuts all connections, with what is under way on them. */
  public void cut() {
    connections.forEach(FaultProxy::closeQuietly);
  }

  /** All requests so far, in the order of their coming. */
  public List<ProxiedRequest> requests() {
    return List.copyOf(requests);
  }

  /** How many requests of a method there were for paths that end so. */
  public long count(String method, String pathEnd) {
    return requests.stream()
        .filter(request -> request.method().equals(method) && request.path().endsWith(pathEnd))
        .count();
  }

  @Override
  public void close() throws IOException {
    closed.countDown();
    listener.close();
    cut();
    threads.shutdownNow();
  }

  private void acceptAll() {
    while (!listener.isClosed()) {
      try {
        Socket connection = listener.accept();
        connections.add(connection);
        threads.execute(() -> serve(connection));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void serve(Socket connection) {
    try (connection) {
      connection.setTcpNoDelay(true);
      InputStream in = new BufferedInputStream(connection.getInputStream());
      boolean more = true;
      while (more) {
        Optional<Head> head = Head.read(in);
        more = head.isPresent() && exchange(connection, head.get(), in);
      }
    } catch (IOException e) {
      // The client is gone, or the server; either way the other one learns by the connection.
    } finally {
      connections.remove(connection);
    }
  }

  private boolean exchange(Socket connection, Head head, InputStream in) throws IOException {
    ProxiedRequest request = ProxiedRequest.parse(head.startLine());
    requests.add(request);
    return new Exchange(connection, server, faultOf(request), closed).run(head, request, in);
  }

  private @Nullable Fault faultOf(ProxiedRequest request) {
    for (Rule rule : rules) {
      if (rule.which().test(request) && isHit(rule.share()) && rule.left().getAndDecrement() > 0) {
        return rule.fault();
      }
    }
    return null;
  }

  private boolean isHit(double share) {
    synchronized (random) {
      return random.nextDouble() < share;
    }
  }

  private static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // It is as good as closed.
    }
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "fault-proxy");
    thread.setDaemon(true);
    return thread;
  }
}
