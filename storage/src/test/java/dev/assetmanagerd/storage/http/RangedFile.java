package dev.assetmanagerd.storage.http;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A file on a web server that knows ranges, as web servers do. */
final class RangedFile implements HttpHandler {
  private static final Pattern RANGE = Pattern.compile("bytes=([0-9]+)-([0-9]*)");

  private final byte[] bytes;
  private final String etag;

  RangedFile(byte[] bytes, String etag) {
    this.bytes = bytes.clone();
    this.etag = etag;
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      exchange.getResponseHeaders().set("ETag", etag);
      String header = exchange.getRequestHeaders().getFirst("Range");
      Matcher range = RANGE.matcher(header == null ? "" : header);
      if (exchange.getRequestMethod().equals("HEAD")) {
        exchange.getResponseHeaders().set("Content-Length", String.valueOf(bytes.length));
        exchange.sendResponseHeaders(200, -1);
      } else if (range.matches()) {
        sendPart(exchange, Long.parseLong(range.group(1)), range.group(2));
      } else {
        send(exchange, 200, 0, bytes.length);
      }
    }
  }

  private void sendPart(HttpExchange exchange, long from, String last) throws IOException {
    if (from >= bytes.length) {
      exchange.getResponseHeaders().set("Content-Range", "bytes */" + bytes.length);
      exchange.sendResponseHeaders(416, -1);
      return;
    }
    long to = last.isEmpty() ? bytes.length : Math.min(bytes.length, Long.parseLong(last) + 1);
    exchange
        .getResponseHeaders()
        .set("Content-Range", "bytes " + from + "-" + (to - 1) + "/" + bytes.length);
    send(exchange, 206, (int) from, (int) to);
  }

  private void send(HttpExchange exchange, int status, int from, int to) throws IOException {
    exchange.sendResponseHeaders(status, from == to ? -1 : to - from);
    exchange.getResponseBody().write(bytes, from, to - from);
  }
}
