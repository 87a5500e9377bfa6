package dev.assetmanagerd.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.assetmanagerd.registry.LogPosition;
import dev.assetmanagerd.registry.RegistryCounts;
import dev.assetmanagerd.registry.RegistryDatabase;
import dev.assetmanagerd.registry.RegistryView;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BackupFormatTest {
  @TempDir Path directory;

  private byte[] backup = {};
  private String hash = "";

  @BeforeEach
  void makeOne() throws IOException {
    try (SampleRegistry registry = new SampleRegistry(directory.resolve("registry"), 20)) {
      backup = registry.backup();
      hash = registry.database.read(RegistryView::stateHash);
    }
  }

  @Test
  void whatIsReadIsWhatWasWritten() throws IOException {
    UnpackedBackup read = read(backup);
    BackupManifest manifest = read.manifest();
    assertThat(manifest.id()).isEqualTo(SampleRegistry.ID);
    assertThat(manifest.clusterId()).isEqualTo("testing");
    assertThat(manifest.position()).isEqualTo(new LogPosition(7, 41));
    assertThat(manifest.formatLevel()).isEqualTo(2);
    assertThat(manifest.createdAt()).isEqualTo(SampleRegistry.MADE_AT);
    assertThat(manifest.programVersion()).isEqualTo("1.2.3");
    assertThat(manifest.counts()).isEqualTo(new RegistryCounts(20, 20, 0));
    assertThat(manifest.stateHash()).isEqualTo(hash);
    assertThat(manifest.blobCount()).isEqualTo(10);
    assertThat(RegistryDatabase.inspect(read.registry(), RegistryView::stateHash)).isEqualTo(hash);
    List<String> blobs = new ArrayList<>();
    BlobList.read(read.blobs(), blob -> blobs.add(blob.blob().location() + " " + blob.sizeBytes()));
    assertThat(blobs).hasSize(10).contains("blobs/0 1000", "blobs/9 1000");
  }

  @Test
  void theLineageIsThatOfTheBackupAndOfNoOther() throws IOException {
    String lineage = read(backup).lineage();
    assertThat(lineage).matches("restored-[0-9a-f]{16}").isEqualTo(read(backup).lineage());
    try (SampleRegistry other = new SampleRegistry(directory.resolve("other"), 21)) {
      assertThat(read(other.backup()).lineage()).isNotEqualTo(lineage);
    }
  }

  @Test
  void oneThatEndsAnywhereBeforeItsEndIsRefused() {
    for (int length = 0; length < backup.length; length += step(length)) {
      byte[] part = Arrays.copyOf(backup, length);
      assertThatThrownBy(() -> read(part))
          .as("the first %d of %d bytes", length, backup.length)
          .isInstanceOf(BadBackupException.class)
          .hasMessageMatching("(this is no backup|the backup is truncated).*");
    }
    assertThatThrownBy(() -> read(Arrays.copyOf(backup, backup.length / 2)))
        .hasMessage(
            "the backup is truncated: it ends after %d bytes, in the middle of registry.db"
                .formatted(backup.length / 2));
  }

  /** All of the first and last bytes, and every so many in between. */
  private int step(int length) {
    return length < 64 || length > backup.length - 64 ? 1 : 31;
  }

  @Test
  void oneWithAFlippedBitIsRefused() {
    // Of the header of gzip, the time, the flags of the compression and the system mean nothing.
    List<Integer> meaningless = List.of(4, 5, 6, 7, 8, 9);
    for (int i = 0; i < backup.length; i += step(i)) {
      byte[] flipped = backup.clone();
      flipped[i] ^= 4;
      if (!meaningless.contains(i)) {
        assertThatThrownBy(() -> read(flipped))
            .as("bit 2 of byte %d flipped", i)
            .isInstanceOf(BadBackupException.class);
      }
    }
  }

  @Test
  void aChangeInsideOfAnyEntryIsNamed() throws IOException {
    for (String name : List.of(BackupEntries.REGISTRY, BackupEntries.BLOBS, BackupEntries.SUMS)) {
      byte[] changed =
          repacked(
              name,
              content -> {
                content[content.length / 2] ^= 1;
                return content;
              });
      assertThatThrownBy(() -> read(changed))
          .as("a bit of %s flipped", name)
          .isInstanceOf(BadBackupException.class)
          .hasMessageContaining(name)
          .hasMessageContaining(name.equals(BackupEntries.SUMS) ? "digest" : "SHA-256");
    }
  }

  @Test
  void aChangedManifestIsRefusedWhateverItSays() throws IOException {
    byte[] changed = withManifest(json -> json.addProperty("cluster_id", "another"));
    assertThatThrownBy(() -> read(changed))
        .isInstanceOf(BadBackupException.class)
        .hasMessageContaining("SHA256SUMS does not give the digest that manifest.json has");
  }

  @Test
  void aRegistryThatIsNotTheOneDescribedIsRefused() throws IOException {
    byte[] changed = withManifestAndSums(json -> json.addProperty("state_hash", "00".repeat(32)));
    assertThatThrownBy(() -> read(changed))
        .isInstanceOf(BadBackupException.class)
        .hasMessageContaining("its state hash is " + hash + ", not 0000");
    byte[] counted = withManifestAndSums(json -> json.addProperty("leases", 19));
    assertThatThrownBy(() -> read(counted)).hasMessageContaining("its counts is");
  }

  @Test
  void oneForANewerProgramIsRefusedBeforeAnythingIsUnpacked() throws IOException {
    byte[] newerFormat = withManifestAndSums(json -> json.addProperty("format", 2));
    assertThatThrownBy(() -> read(newerFormat))
        .hasMessage("the backup is of format 2, but this program reads format 1; use a newer one");
    byte[] newerLevel = withManifestAndSums(json -> json.addProperty("format_level", 99));
    assertThatThrownBy(() -> read(newerLevel))
        .isInstanceOf(BadBackupException.class)
        .hasMessageContaining("is at format level 99");
  }

  @Test
  void otherFilesAreToldToBeNone() throws IOException {
    assertThatThrownBy(() -> read("no backup at all".getBytes(StandardCharsets.UTF_8)))
        .hasMessageStartingWith("this is no backup");
    assertThatThrownBy(() -> read(gzipped(new byte[3000])))
        .hasMessageStartingWith("this is no backup");
    byte[] text = "x".repeat(3000).getBytes(StandardCharsets.UTF_8);
    assertThatThrownBy(() -> read(gzipped(text)))
        .hasMessage("this is no backup: it is gzipped, but no tar archive");
    assertThatThrownBy(() -> read(packed(Map.of("etc/passwd", new byte[10]))))
        .hasMessage("this is no backup: its first entry is \"etc/passwd\", not manifest.json");
  }

  @Test
  void entriesThatAreMissingInAnotherPlaceOrTooManyAreRefused() throws IOException {
    Map<String, byte[]> entries = entries();
    Map<String, byte[]> fewer = new LinkedHashMap<>(entries);
    fewer.remove(BackupEntries.BLOBS);
    assertThatThrownBy(() -> read(packed(fewer)))
        .hasMessage("the backup is damaged: \"SHA256SUMS\" is where blobs.jsonl should be");
    Map<String, byte[]> cut = new LinkedHashMap<>(entries);
    cut.remove(BackupEntries.SUMS);
    assertThatThrownBy(() -> read(packed(cut)))
        .hasMessage("the backup is truncated: it has no SHA256SUMS");
    Map<String, byte[]> more = new LinkedHashMap<>(entries);
    more.put("more", new byte[] {1});
    assertThatThrownBy(() -> read(packed(more)))
        .hasMessage("the backup is damaged: something follows SHA256SUMS");
    byte[] behind = Arrays.copyOf(backup, backup.length + 1);
    assertThatThrownBy(() -> read(behind))
        .hasMessage("the backup is damaged: something follows its end");
  }

  @Test
  void aSourceThatFailsIsNoDamagedBackup() {
    InputStream failing =
        new InputStream() {
          private final InputStream first = new ByteArrayInputStream(backup, 0, 1000);

          @Override
          public int read() throws IOException {
            return found(first.read());
          }

          @Override
          public int read(byte[] bytes, int offset, int length) throws IOException {
            return found(first.read(bytes, offset, length));
          }

          private int found(int result) throws IOException {
            if (result < 0) {
              throw new IOException("the disk is gone");
            }
            return result;
          }
        };
    assertThatThrownBy(() -> BackupReader.read(failing, Files.createTempDirectory(directory, "w")))
        .isNotInstanceOf(BadBackupException.class)
        .hasStackTraceContaining("the disk is gone");
  }

  private UnpackedBackup read(byte[] bytes) throws IOException {
    return BackupReader.read(
        new ByteArrayInputStream(bytes), Files.createTempDirectory(directory, "work"));
  }

  private Map<String, byte[]> entries() throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    try (TarArchiveInputStream tar =
        new TarArchiveInputStream(
            new GzipCompressorInputStream(new ByteArrayInputStream(backup)))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        entries.put(entry.getName(), tar.readAllBytes());
      }
    }
    assertThat(entries.keySet())
        .containsExactly(
            BackupEntries.MANIFEST,
            BackupEntries.REGISTRY,
            BackupEntries.BLOBS,
            BackupEntries.SUMS);
    return entries;
  }

  private byte[] repacked(String name, UnaryOperator<byte[]> change) throws IOException {
    Map<String, byte[]> entries = entries();
    entries.computeIfPresent(name, (key, content) -> change.apply(content));
    return packed(entries);
  }

  private byte[] withManifest(java.util.function.Consumer<JsonObject> change) throws IOException {
    return repacked(BackupEntries.MANIFEST, content -> changed(content, change));
  }

  private byte[] withManifestAndSums(java.util.function.Consumer<JsonObject> change)
      throws IOException {
    Map<String, byte[]> entries = entries();
    entries.computeIfPresent(BackupEntries.MANIFEST, (key, content) -> changed(content, change));
    StringBuilder sums = new StringBuilder();
    entries.forEach(
        (name, content) -> {
          if (!name.equals(BackupEntries.SUMS)) {
            sums.append(BackupCopy.sha256(content)).append("  ").append(name).append('\n');
          }
        });
    entries.put(BackupEntries.SUMS, sums.toString().getBytes(StandardCharsets.UTF_8));
    return packed(entries);
  }

  private static byte[] changed(byte[] manifest, java.util.function.Consumer<JsonObject> change) {
    JsonObject json =
        JsonParser.parseString(new String(manifest, StandardCharsets.UTF_8)).getAsJsonObject();
    change.accept(json);
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] packed(Map<String, byte[]> entries) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
      for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
        TarArchiveEntry header = new TarArchiveEntry(entry.getKey());
        header.setSize(entry.getValue().length);
        tar.putArchiveEntry(header);
        tar.write(entry.getValue());
        tar.closeArchiveEntry();
      }
    }
    return gzipped(bytes.toByteArray());
  }

  private static byte[] gzipped(byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(content);
    }
    return bytes.toByteArray();
  }
}
