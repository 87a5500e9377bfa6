package dev.assetmanagerd.backup;

import dev.assetmanagerd.registry.LogPosition;
import dev.assetmanagerd.registry.RegistryCounts;
import dev.assetmanagerd.registry.RegistryDatabase;
import dev.assetmanagerd.registry.RegistryView;
import dev.assetmanagerd.storage.blob.Hashing;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.function.Function;
import java.util.zip.Deflater;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorOutputStream;
import org.apache.commons.compress.compressors.gzip.GzipParameters;

/**
 * A copy of the registry and all that a backup says of it, on its way to become one. Memory use
 * does not depend on how much there is. For one thread.
 */
final class BackupCopy {
  /** Where a copy comes from, and what is to be said of it. */
  record Origin(String clusterId, String lineage, String programVersion) {}

  /** What was written. */
  record Written(long sizeBytes, String sha256) {}

  /** Read in one go, of the copy. */
  private record Content(
      int formatLevel, String stateHash, RegistryCounts counts, BlobList.Written blobs) {}

  private final Path registry;
  private final Path blobs;
  private final BackupManifest manifest;

  private BackupCopy(Path registry, Path blobs, BackupManifest manifest) {
    this.registry = registry;
    this.blobs = blobs;
    this.manifest = manifest;
  }

  /**
   * Takes the copy.
   *
   * @param work an empty directory, in which it is made; whoever gave it removes it
   * @param copier makes a consistent copy under a name, and tells its position
   */
  static BackupCopy take(
      String id, Origin origin, Function<Path, LogPosition> copier, Instant now, Path work)
      throws IOException {
    Path registry = work.resolve(BackupEntries.REGISTRY);
    Path blobs = work.resolve(BackupEntries.BLOBS);
    LogPosition position = copier.apply(registry);
    Content content = read(registry, blobs);
    Hashing.Content file = Hashing.sha256(registry);
    return new BackupCopy(
        registry,
        blobs,
        new BackupManifest(
            id,
            origin.clusterId(),
            origin.lineage(),
            content.formatLevel(),
            position,
            now,
            origin.programVersion(),
            content.stateHash(),
            content.counts(),
            new BackupManifest.Part(file.sizeBytes(), file.digest().hex()),
            content.blobs().part(),
            content.blobs().count()));
  }

  private static Content read(Path registry, Path blobs) throws IOException {
    try (OutputStream out = Files.newOutputStream(blobs)) {
      return RegistryDatabase.inspect(registry, view -> read(view, out));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static Content read(RegistryView view, OutputStream blobs) {
    try {
      return new Content(
          view.formatLevel(), view.stateHash(), view.counts(), BlobList.write(view, blobs));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  BackupManifest manifest() {
    return manifest;
  }

  /** Writes the backup. Leaves the stream open, and everything flushed into it. */
  Written write(OutputStream target) throws IOException {
    MessageDigest digest = Hashing.newSha256();
    Counting counting = new Counting(new DigestOutputStream(target, digest));
    GzipParameters gzip = new GzipParameters();
    gzip.setCompressionLevel(Deflater.DEFAULT_COMPRESSION);
    byte[] manifestBytes = manifest.toBytes();
    byte[] sums =
        BackupEntries.sums(
                sha256(manifestBytes), manifest.registry().sha256(), manifest.blobs().sha256())
            .getBytes(StandardCharsets.UTF_8);
    try (TarArchiveOutputStream tar =
        new TarArchiveOutputStream(
            new GzipCompressorOutputStream(new Unclosed(counting), gzip),
            StandardCharsets.UTF_8.name())) {
      tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
      put(tar, BackupEntries.MANIFEST, manifestBytes);
      put(tar, BackupEntries.REGISTRY, registry, manifest.registry());
      put(tar, BackupEntries.BLOBS, blobs, manifest.blobs());
      put(tar, BackupEntries.SUMS, sums);
      tar.finish();
    }
    counting.flush();
    return new Written(counting.count(), Hashing.finish(digest).hex());
  }

  static String sha256(byte[] bytes) {
    MessageDigest digest = Hashing.newSha256();
    digest.update(bytes);
    return Hashing.finish(digest).hex();
  }

  private void put(TarArchiveOutputStream tar, String name, byte[] content) throws IOException {
    tar.putArchiveEntry(entry(name, content.length));
    tar.write(content);
    tar.closeArchiveEntry();
  }

  private void put(TarArchiveOutputStream tar, String name, Path file, BackupManifest.Part part)
      throws IOException {
    tar.putArchiveEntry(entry(name, part.sizeBytes()));
    Files.copy(file, tar); // fails where the file has grown or shrunk
    tar.closeArchiveEntry();
  }

  private TarArchiveEntry entry(String name, long sizeBytes) {
    TarArchiveEntry entry = new TarArchiveEntry(name);
    entry.setSize(sizeBytes);
    entry.setMode(0100600);
    entry.setModTime(manifest.createdAt().toEpochMilli());
    return entry;
  }

  /** The archive ends where the stream goes on. */
  private static final class Unclosed extends java.io.FilterOutputStream {
    Unclosed(OutputStream out) {
      super(out);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
    }

    @Override
    public void close() throws IOException {
      flush();
    }
  }
}
