package dev.assetmanagerd.clustertests.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class SlowLineTest {
  private static final Duration DELAY = Duration.ofMillis(300);
  private static final byte[] WORDS = "there and back".getBytes(StandardCharsets.UTF_8);

  private final ExecutorService echoing = Executors.newCachedThreadPool();
  private final FreePorts ports = new FreePorts();
  private ServerSocket echo;
  private SlowLine line;
  private InetSocketAddress begin;

  @BeforeEach
  void open() throws IOException {
    echo = new ServerSocket(ports.next(), 10, InetAddress.getLoopbackAddress());
    echoing.execute(this::echo);
    begin = new InetSocketAddress(InetAddress.getLoopbackAddress(), ports.next());
    line = SlowLine.open(begin, (InetSocketAddress) echo.getLocalSocketAddress(), System::nanoTime);
  }

  @AfterEach
  void close() throws IOException {
    line.close();
    echo.close();
    echoing.shutdownNow();
    ports.close();
  }

  private void echo() {
    try {
      while (true) {
        Socket caller = echo.accept();
        echoing.execute(() -> sendBack(caller));
      }
    } catch (IOException closed) {
      // the test is over
    }
  }

  private static void sendBack(Socket caller) {
    try (caller) {
      long unused = caller.getInputStream().transferTo(caller.getOutputStream());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void thereAndBack(Socket socket) throws IOException {
    socket.getOutputStream().write(WORDS);
    InputStream in = socket.getInputStream();
    assertThat(in.readNBytes(WORDS.length)).isEqualTo(WORDS);
  }

  @Test
  void whatIsSentArrivesLaterByTheDelayEachWay() throws IOException {
    try (Socket socket = new Socket(begin.getAddress(), begin.getPort())) {
      thereAndBack(socket);

      line.delay(DELAY.toNanos());
      long sent = System.nanoTime();
      thereAndBack(socket);

      assertThat(Duration.ofNanos(System.nanoTime() - sent))
          .isGreaterThanOrEqualTo(DELAY.multipliedBy(2));
    }
  }

  @Test
  void bothEndsAreHungUpWhenOneIs() throws IOException {
    try (Socket socket = new Socket(begin.getAddress(), begin.getPort())) {
      thereAndBack(socket);
      socket.shutdownOutput();

      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void whereNobodyListensCallersAreHungUp() throws IOException {
    echo.close();
    try (Socket socket = new Socket(begin.getAddress(), begin.getPort())) {
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
  }
}
