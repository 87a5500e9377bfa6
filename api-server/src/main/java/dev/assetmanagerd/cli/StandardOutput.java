package dev.assetmanagerd.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/** Standard output: what was written cannot be taken back. */
final class StandardOutput implements DownloadSink {
  private final MessageDigest digest = Digests.newSha256();
  private final OutputStream output;
  private long receivedBytes;

  StandardOutput(OutputStream output) {
    this.output = output;
  }

  @Override
  public long receivedBytes() {
    return receivedBytes;
  }

  @Override
  public long earlierBytes() {
    return 0;
  }

  @Override
  public void write(ByteBuffer bytes) throws IOException {
    byte[] chunk = new byte[bytes.remaining()];
    bytes.get(chunk);
    output.write(chunk);
    digest.update(chunk);
    receivedBytes += chunk.length;
  }

  @Override
  public String checksum() {
    return Digests.hex(digest);
  }

  @Override
  public void restart() {
    throw new IllegalStateException("nothing was there before");
  }

  @Override
  public void publish() throws IOException {
    output.flush();
  }

  @Override
  public void discard() {}

  @Override
  public void close() throws IOException {
    output.flush();
  }
}
