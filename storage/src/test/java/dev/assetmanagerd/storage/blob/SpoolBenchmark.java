package dev.assetmanagerd.storage.blob;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * How long it takes to spool a file in 64 KiB pieces, up to the flush, beside {@code sha256sum} of
 * the same file, in turns. Arguments: a directory on the disk in question, the size in MiB, rounds.
 */
final class SpoolBenchmark {
  private SpoolBenchmark() {}

  public static void main(String[] args) throws Exception {
    Path directory = Path.of(args[0]);
    Path source = write(directory.resolve("source"), Integer.parseInt(args[1]));
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      for (int round = 0; round < Integer.parseInt(args[2]); round++) {
        double inBackground = spool(source, directory, threads);
        double sha256sum = sha256sum(source);
        double inCaller = spool(source, directory, null);
        System.out.printf(
            Locale.ROOT,
            "spool %.2f s, sha256sum %.2f s, ratio %.2f; spool in the caller's thread %.2f s%n",
            inBackground,
            sha256sum,
            inBackground / sha256sum,
            inCaller);
      }
    } finally {
      threads.shutdown();
      Files.delete(source);
    }
  }

  private static Path write(Path file, int mebibytes) throws IOException {
    Random random = new Random(1);
    byte[] piece = new byte[1 << 20];
    try (var out = Files.newOutputStream(file)) {
      for (int i = 0; i < mebibytes; i++) {
        random.nextBytes(piece);
        out.write(piece);
      }
    }
    return file;
  }

  private static double spool(Path source, Path directory, @Nullable ExecutorService threads)
      throws IOException {
    long start = System.nanoTime();
    long limit = Files.size(source);
    try (FileChannel in = FileChannel.open(source, StandardOpenOption.READ);
        Spool spool =
            threads == null
                ? Spool.open(directory, "bench", limit)
                : Spool.open(directory, "bench", limit, threads)) {
      ByteBuffer piece = ByteBuffer.allocateDirect(65_536);
      while (in.read(piece) >= 0) {
        spool.write(piece.flip());
        piece.clear();
      }
      spool.finish();
      return (System.nanoTime() - start) / 1e9;
    }
  }

  private static double sha256sum(Path source) throws Exception {
    long start = System.nanoTime();
    Process process =
        new ProcessBuilder("sha256sum", source.toString())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    if (process.waitFor() != 0) {
      throw new IOException("sha256sum failed");
    }
    return (System.nanoTime() - start) / 1e9;
  }
}
