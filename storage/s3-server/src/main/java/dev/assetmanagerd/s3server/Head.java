package dev.assetmanagerd.s3server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Start line and headers of a message of HTTP/1.1, the latter as they were written. */
record Head(String startLine, List<String> headers) {
  private static final int MAX_BYTES = 64 * 1024;

  Head {
    headers = List.copyOf(headers);
  }

  /** Reads one; empty at the end of the connection. */
  static Optional<Head> read(InputStream in) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int endings = 0; // CR and LF in a row
    while (endings < 4) {
      int next = in.read();
      if (next < 0 && bytes.size() == 0) {
        return Optional.empty();
      }
      if (next < 0 || bytes.size() == MAX_BYTES) {
        throw new IOException("head of a message is cut off or too large");
      }
      bytes.write(next);
      endings = next == '\r' || next == '\n' ? endings + 1 : 0;
    }
    List<String> lines = Arrays.asList(bytes.toString(ISO_8859_1).strip().split("\r\n"));
    return Optional.of(new Head(lines.get(0), lines.subList(1, lines.size())));
  }

  Optional<String> header(String name) {
    return headers.stream()
        .filter(line -> isNamed(line, name))
        .map(line -> line.substring(name.length() + 1).strip())
        .findFirst();
  }

  Head without(String name) {
    return new Head(startLine, headers.stream().filter(line -> !isNamed(line, name)).toList());
  }

  Head with(String name, String value) {
    List<String> more = new ArrayList<>(without(name).headers);
    more.add(name + ": " + value);
    return new Head(startLine, more);
  }

  /** Of an answer. */
  int status() throws IOException {
    try {
      return Integer.parseInt(startLine.split(" ", 3)[1]);
    } catch (IndexOutOfBoundsException | NumberFormatException e) {
      throw new IOException("no status line: " + startLine, e);
    }
  }

  boolean isChunked() {
    return header("Transfer-Encoding").filter("chunked"::equalsIgnoreCase).isPresent();
  }

  void write(OutputStream out) throws IOException {
    String text = startLine + "\r\n" + String.join("\r\n", headers) + "\r\n\r\n";
    out.write(text.getBytes(ISO_8859_1));
    out.flush();
  }

  private static boolean isNamed(String line, String name) {
    return line.toLowerCase(Locale.ROOT).startsWith(name.toLowerCase(Locale.ROOT) + ":");
  }
}
