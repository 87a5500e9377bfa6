package dev.assetmanagerd.backup;

import dev.assetmanagerd.storage.blob.Hashing;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads a backup from its first to its last byte, and believes none of it: every entry has to be
 * there in its place, with the size and the digest that the manifest gives, the manifest with the
 * one that the last entry gives, and nothing may follow. Memory use does not depend on the size.
 */
public final class BackupReader {
  private static final int BUFFER_BYTES = 128 << 10;

  /** What is read of an archive after its last entry; tar pads its end with zeros. */
  private static final int PADDING_BYTES_MAX = 1 << 20;

  private final Source source;
  private final Path work;
  private String reading = BackupEntries.MANIFEST;

  private BackupReader(Source source, Path work) {
    this.source = source;
    this.work = work;
  }

  /**
   * Unpacks and checks a backup, the registry in it included: this is what a restore does, short of
   * laying out a data directory.
   *
   * @param in is read to its end, and left open
   * @param work an empty directory with room for it; whoever gave it removes it
   * @throws BadBackupException when it is none, is damaged, or for a newer program
   * @throws IOException when reading or unpacking fails
   */
  public static UnpackedBackup read(InputStream in, Path work) throws IOException {
    UnpackedBackup unpacked = new BackupReader(new Source(in), work).unpack();
    unpacked.verifyRegistry();
    return unpacked;
  }

  private UnpackedBackup unpack() throws IOException {
    // Where the compressed bytes end, it is left at the next one.
    var bytes = new BufferedInputStream(source, BUFFER_BYTES);
    try (GzipCompressorInputStream gzip = opened(bytes);
        TarArchiveInputStream tar =
            new TarArchiveInputStream(gzip, StandardCharsets.UTF_8.name())) {
      byte[] manifestBytes = small(tar, BackupEntries.MANIFEST);
      BackupManifest manifest = BackupManifest.parse(manifestBytes);
      Path registry = unpack(tar, BackupEntries.REGISTRY, manifest.registry());
      Path blobs = unpack(tar, BackupEntries.BLOBS, manifest.blobs());
      byte[] sums = small(tar, BackupEntries.SUMS);
      String manifestSha256 = BackupCopy.sha256(manifestBytes);
      requireSums(sums, manifestSha256, manifest);
      requireEnd(tar, gzip, bytes);
      return new UnpackedBackup(manifest, manifestSha256, registry, blobs);
    } catch (BadBackupException e) {
      throw e;
    } catch (IOException e) {
      throw explained(e);
    } catch (IllegalArgumentException e) { // what some nonsense in a header comes to
      throw new BadBackupException(damaged() + ": " + e.getMessage(), e);
    }
  }

  private GzipCompressorInputStream opened(InputStream bytes) throws IOException {
    try {
      return new GzipCompressorInputStream(bytes);
    } catch (IOException e) {
      if (source.failure != null) {
        throw e;
      }
      throw new BadBackupException(
          source.count == 0
              ? "this is no backup: it is empty"
              : "this is no backup: it does not begin like a gzipped archive",
          e);
    }
  }

  /** Failures to read the bytes are no fault of theirs; everything else is. */
  private IOException explained(IOException e) {
    if (source.failure != null || e instanceof FileSystemException) {
      return e;
    }
    if (e instanceof EOFException || source.ended) {
      return new BadBackupException(
          "the backup is truncated: it ends after %d bytes, in the middle of %s"
              .formatted(source.count, reading),
          e);
    }
    return new BadBackupException(damaged() + ": " + e.getMessage(), e);
  }

  private String damaged() {
    return "the backup is damaged in %s, at or before byte %d".formatted(reading, source.count);
  }

  private TarArchiveEntry next(TarArchiveInputStream tar, String name) throws IOException {
    boolean first = name.equals(BackupEntries.MANIFEST);
    reading = name;
    TarArchiveEntry entry;
    try {
      entry = tar.getNextEntry();
    } catch (IOException e) {
      if (first && source.failure == null && !source.ended && !(e instanceof EOFException)) {
        throw new BadBackupException("this is no backup: it is gzipped, but no tar archive", e);
      }
      throw e;
    }
    if (entry == null) {
      throw new BadBackupException(
          first
              ? "this is no backup: the archive is empty"
              : "the backup is truncated: it has no %s".formatted(name));
    }
    if (!entry.getName().equals(name) || !entry.isFile()) {
      throw new BadBackupException(
          first
              ? "this is no backup: its first entry is \"%s\", not %s"
                  .formatted(entry.getName(), name)
              : "the backup is damaged: \"%s\" is where %s should be"
                  .formatted(entry.getName(), name));
    }
    return entry;
  }

  private byte[] small(TarArchiveInputStream tar, String name) throws IOException {
    TarArchiveEntry entry = next(tar, name);
    if (entry.getSize() > BackupEntries.SMALL_ENTRY_BYTES_MAX) {
      throw new BadBackupException(
          "the backup is damaged: %s has %d bytes".formatted(name, entry.getSize()));
    }
    return tar.readAllBytes();
  }

  private Path unpack(TarArchiveInputStream tar, String name, BackupManifest.Part expected)
      throws IOException {
    TarArchiveEntry entry = next(tar, name);
    if (entry.getSize() != expected.sizeBytes()) {
      throw new BadBackupException(
          "the backup is damaged: %s has %d bytes, not %d as %s says"
              .formatted(name, entry.getSize(), expected.sizeBytes(), BackupEntries.MANIFEST));
    }
    requireRoom(name, expected.sizeBytes());
    Path file = work.resolve(name);
    MessageDigest digest = Hashing.newSha256();
    try (OutputStream out = Files.newOutputStream(file)) {
      byte[] buffer = new byte[BUFFER_BYTES];
      for (int n = tar.read(buffer); n >= 0; n = tar.read(buffer)) {
        digest.update(buffer, 0, n);
        out.write(buffer, 0, n);
      }
    }
    String found = Hashing.finish(digest).hex();
    if (!found.equals(expected.sha256())) {
      throw new BadBackupException(
          "the backup is damaged: %s has the SHA-256 %s, not %s as %s says"
              .formatted(name, found, expected.sha256(), BackupEntries.MANIFEST));
    }
    return file;
  }

  private void requireRoom(String name, long bytes) throws IOException {
    long usable = Files.getFileStore(work).getUsableSpace();
    if (usable < bytes) {
      throw new FileSystemException(
          work.toString(),
          null,
          "%d bytes are free, and unpacking %s needs %d".formatted(usable, name, bytes));
    }
  }

  private static void requireSums(byte[] found, String manifestSha256, BackupManifest manifest)
      throws BadBackupException {
    String expected =
        BackupEntries.sums(manifestSha256, manifest.registry().sha256(), manifest.blobs().sha256());
    if (!Arrays.equals(found, expected.getBytes(StandardCharsets.UTF_8))) {
      throw new BadBackupException(
          "the backup is damaged: %s does not give the digest that %s has, which is %s"
              .formatted(BackupEntries.SUMS, BackupEntries.MANIFEST, manifestSha256));
    }
  }

  /** Reads on to where the digest of the compression is checked, and then to the end. */
  private void requireEnd(
      TarArchiveInputStream tar, GzipCompressorInputStream gzip, InputStream bytes)
      throws IOException {
    reading = "its end";
    if (tar.getNextEntry() != null) {
      throw new BadBackupException(
          "the backup is damaged: something follows " + BackupEntries.SUMS);
    }
    byte[] padding = gzip.readNBytes(PADDING_BYTES_MAX);
    for (byte b : padding) {
      if (b != 0) {
        throw new BadBackupException(
            "the backup is damaged: something follows " + BackupEntries.SUMS);
      }
    }
    if (padding.length == PADDING_BYTES_MAX || gzip.read() >= 0 || bytes.read() >= 0) {
      throw new BadBackupException("the backup is damaged: something follows its end");
    }
  }

  /** Knows how far reading has come, and whether it failed by itself. */
  private static final class Source extends FilterInputStream {
    private long count;
    private boolean ended;
    private @Nullable IOException failure;

    Source(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      int n = read(one, 0, 1);
      return n < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      try {
        int n = in.read(bytes, offset, length);
        if (n < 0) {
          ended = true;
        } else {
          count += n;
        }
        return n;
      } catch (IOException e) {
        failure = e;
        throw e;
      }
    }

    @Override
    public long skip(long n) throws IOException {
      byte[] skipped = new byte[(int) Math.min(n, BUFFER_BYTES)];
      return Math.max(0, read(skipped, 0, skipped.length));
    }

    @Override
    public boolean markSupported() {
      return false;
    }

    @Override
    public void close() {
      // the caller's
    }
  }
}
