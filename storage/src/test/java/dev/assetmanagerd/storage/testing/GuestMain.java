package dev.assetmanagerd.storage.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * What the process of a VM does to a file it was given, one order per line: {@code open}, {@code
 * write-open} (through what was opened), {@code write-path} (through the path as it is now), {@code
 * map} (through a mapping). Answers {@code done}, or {@code refused} and why. One class without
 * others of its own, so that its file alone can be handed to another user.
 */
final class GuestMain {
  private GuestMain() {}

  public static void main(String[] arguments) throws IOException {
    Path file = Path.of(arguments[0]);
    byte[] bytes = new byte[Integer.parseInt(arguments[1])];
    Arrays.fill(bytes, (byte) 'G');
    BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    PrintStream answers = new PrintStream(System.out, true, UTF_8);
    FileChannel open = null;
    for (String order = orders.readLine(); order != null; order = orders.readLine()) {
      try {
        switch (order) {
          case "open" -> open = open(file);
          case "write-open" -> {
            if (open == null) {
              throw new IOException("nothing is open");
            }
            write(open, bytes);
          }
          case "write-path" -> {
            try (FileChannel channel = open(file)) {
              write(channel, bytes);
            }
          }
          case "map" -> {
            try (FileChannel channel = open(file)) {
              MappedByteBuffer map = channel.map(FileChannel.MapMode.READ_WRITE, 0, channel.size());
              map.put(0, bytes, 0, (int) Math.min(bytes.length, channel.size()));
              map.force();
            }
          }
          default -> throw new IOException("what is " + order + "?");
        }
        answers.println("done");
      } catch (IOException e) {
        answers.println("refused " + e);
      }
    }
  }

  private static FileChannel open(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  private static void write(FileChannel channel, byte[] bytes) throws IOException {
    ByteBuffer left = ByteBuffer.wrap(bytes);
    while (left.hasRemaining()) {
      channel.write(left, left.position());
    }
    channel.force(true);
  }
}
