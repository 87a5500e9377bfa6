package dev.assetmanagerd.cli;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Where the bytes of a download go, one after the other. For one thread. */
sealed interface DownloadSink extends Closeable permits PartialFile, StandardOutput {
  /** Number of bytes that are there, those of an earlier run included. */
  long receivedBytes();

  /** Number of bytes that an earlier run has left. */
  long earlierBytes();

  void write(ByteBuffer bytes) throws IOException;

  /** SHA-256 of all that is there, in lower-case hexadecimal. */
  String checksum();

  /** Throws away what is there. To be called only where an earlier run has left something. */
  void restart() throws IOException;

  /** Everything is there and right. */
  void publish() throws IOException;

  /** What is there is wrong. */
  void discard() throws IOException;
}
