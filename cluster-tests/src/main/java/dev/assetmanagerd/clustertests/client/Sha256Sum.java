package dev.assetmanagerd.clustertests.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** What a file contains, in a form that can be compared. */
public final class Sha256Sum {
  /** What stands for the contents of a file that is not there. */
  public static final String MISSING = "missing";

  private Sha256Sum() {}

  /** Lower-case hexadecimal SHA-256 of a file, or {@link #MISSING}. */
  public static String of(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return of(in);
    } catch (NoSuchFileException e) {
      return MISSING;
    }
  }

  /** The same of all that is left of a stream. */
  public static String of(InputStream bytes) throws IOException {
    MessageDigest digest = newDigest();
    try (InputStream in = new DigestInputStream(bytes, digest)) {
      in.transferTo(OutputStream.nullOutputStream());
      return HexFormat.of().formatHex(digest.digest());
    }
  }

  static MessageDigest newDigest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
