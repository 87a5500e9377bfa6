package dev.assetmanagerd.s3server;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One request and its answer, with or without a fault. For one thread. */
final class Exchange {
  private static final int BUFFER_BYTES = 64 * 1024;

  /** The client's connection is to be reset. */
  private static final class ResetException extends IOException {
    private static final long serialVersionUID = 1L;
  }

  private final Socket client;
  private final InetSocketAddress server;
  private final @Nullable Fault fault;
  private final CountDownLatch closed;

  Exchange(Socket client, InetSocketAddress server, @Nullable Fault fault, CountDownLatch closed) {
    this.client = client;
    this.server = server;
    this.fault = fault;
    this.closed = closed;
  }

  /**
   * Carries it out.
   *
   * @return whether the client's connection can carry another
   */
  boolean run(Head request, ProxiedRequest what, InputStream in) throws IOException {
    try {
      Body body = Body.ofRequest(request, in);
      boolean expectsGoAhead = request.header("Expect").isPresent();
      if (fault instanceof Fault.Status status) {
        if (!expectsGoAhead) {
          body.transferTo(OutputStream.nullOutputStream());
        }
        answer(status.code(), !expectsGoAhead);
        return !expectsGoAhead;
      }
      if (expectsGoAhead) {
        client.getOutputStream().write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(US_ASCII));
      }
      if (fault instanceof Fault.BlackHole) {
        body.transferTo(OutputStream.nullOutputStream());
        await(Long.MAX_VALUE);
        return false;
      }
      return pass(request, what, body);
    } catch (ResetException e) {
      client.setSoLinger(true, 0); // makes closing a reset
      return false;
    }
  }

  private boolean pass(Head request, ProxiedRequest what, Body body) throws IOException {
    try (Socket upstream = new Socket()) {
      upstream.connect(server);
      upstream.setTcpNoDelay(true);
      OutputStream out = upstream.getOutputStream();
      Head passed = request.without("Expect").with("Connection", "close");
      (fault instanceof Fault.WithoutHeader h ? passed.without(h.name()) : passed).write(out);
      boolean taken = forward(body, out, request.isChunked());
      InputStream in = new BufferedInputStream(upstream.getInputStream(), BUFFER_BYTES);
      Head response = finalHead(in);
      if (fault instanceof Fault.LostAnswer) {
        throw new ResetException();
      }
      return answer(response, Body.ofResponse(response, what.method(), in), what) && taken;
    }
  }

  private boolean forward(Body body, OutputStream out, boolean chunked) throws IOException {
    Long flip = fault instanceof Fault.FlipRequest f ? f.atByte() : null;
    Long reset = fault instanceof Fault.ResetRequest r ? r.afterBytes() : null;
    try {
      copy(body, out, chunked, flip, reset);
      return true;
    } catch (ResetException e) {
      throw e;
    } catch (IOException e) {
      return false; // it may have answered without wanting all of it
    }
  }

  private static Head finalHead(InputStream in) throws IOException {
    Optional<Head> head = Head.read(in);
    while (head.isPresent() && head.get().status() < 200) {
      head = Head.read(in);
    }
    return head.orElseThrow(() -> new IOException("the server has closed the connection"));
  }

  private boolean answer(Head response, Body body, ProxiedRequest what) throws IOException {
    boolean framed =
        response.isChunked()
            || response.header("Content-Length").isPresent()
            || what.method().equals("HEAD")
            || response.status() == 204
            || response.status() == 304;
    OutputStream out = client.getOutputStream();
    Head own = response.without("Connection");
    (framed ? own : own.with("Connection", "close")).write(out);
    Long flip = fault instanceof Fault.FlipResponse f ? f.atByte() : null;
    Long reset = fault instanceof Fault.ResetResponse r ? r.afterBytes() : null;
    if (fault instanceof Fault.TruncateResponse truncate) {
      out.write(body.readNBytes((int) truncate.afterBytes()));
      return false;
    }
    if (fault instanceof Fault.StallResponse stall) {
      out.write(body.readNBytes((int) stall.afterBytes()));
      out.flush();
      await(Long.MAX_VALUE);
    }
    copy(body, out, response.isChunked(), flip, reset);
    return framed;
  }

  private void copy(
      Body body, OutputStream out, boolean chunked, @Nullable Long flip, @Nullable Long reset)
      throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    long done = 0;
    for (int n = body.read(buffer, 0, step(done, reset));
        n >= 0;
        n = body.read(buffer, 0, step(done, reset))) {
      if (flip != null && flip >= done && flip < done + n) {
        buffer[(int) (flip - done)] ^= 1;
      }
      write(out, buffer, n, chunked);
      done += n;
      if (reset != null && done >= reset) {
        throw new ResetException();
      }
      if (fault instanceof Fault.Slow slow) {
        await(TimeUnit.SECONDS.toNanos(n) / slow.bytesPerSecond());
      }
    }
    if (chunked) {
      out.write("0\r\n\r\n".getBytes(US_ASCII));
    }
    out.flush();
  }

  /** How much to move at once. */
  private int step(long done, @Nullable Long reset) throws ResetException {
    if (reset != null) {
      if (reset <= done) {
        throw new ResetException();
      }
      return (int) Math.min(BUFFER_BYTES, reset - done);
    }
    // Slow is not bursts with pauses between them.
    return fault instanceof Fault.Slow slow
        ? Math.max(1, slow.bytesPerSecond() / 10)
        : BUFFER_BYTES;
  }

  private static void write(OutputStream out, byte[] buffer, int n, boolean chunked)
      throws IOException {
    if (chunked) {
      out.write((Integer.toHexString(n) + "\r\n").getBytes(US_ASCII));
    }
    out.write(buffer, 0, n);
    if (chunked) {
      out.write("\r\n".getBytes(US_ASCII));
    }
  }

  private void answer(int status, boolean keep) throws IOException {
    String text =
        String.format(
            Locale.ROOT,
            "HTTP/1.1 %d Injected\r\nContent-Length: 0\r\nConnection: %s\r\n\r\n",
            status,
            keep ? "keep-alive" : "close");
    client.getOutputStream().write(text.getBytes(US_ASCII));
  }

  private void await(long nanos) throws IOException {
    try {
      if (closed.await(nanos, TimeUnit.NANOSECONDS)) {
        throw new IOException("the proxy is closed");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }
}
