package dev.assetmanagerd.storage.place;

import static dev.assetmanagerd.storage.place.PlacementMode.CLONE;
import static dev.assetmanagerd.storage.place.PlacementMode.LINK;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.blob.SharedDirectoryBlobStore;
import dev.assetmanagerd.storage.cache.BlobCache;
import dev.assetmanagerd.storage.cache.BlobCacheOptions;
import dev.assetmanagerd.storage.cache.BlobSource;
import dev.assetmanagerd.storage.cache.LocalBlob;
import dev.assetmanagerd.storage.cache.WantedBlob;
import dev.assetmanagerd.storage.testing.Guest;
import dev.assetmanagerd.storage.testing.ScratchFileSystem;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever the process of a VM does to a file it was given, the blob keeps its bytes. Real
 * processes write; where they are to be of another user, it takes root.
 */
class GuestWritesTest {
  private static final int UID = 61234;
  private static final FileAccess OF_GUEST =
      new FileAccess(
          Optional.of(new FileOwner(UID, UID)), PosixFilePermissions.fromString("rw-------"));

  @TempDir private Path temp;
  private final byte[] content = PlacementTest.content(7);

  @BeforeEach
  void letEverybodyEnter() throws IOException {
    Files.setPosixFilePermissions(temp, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  @Test
  void aGuestThatWritesToItsCopyNeverChangesTheBlob() throws Exception {
    Path blob = publish(temp);
    Path file = temp.resolve("jails/vm/rootfs.ext4");
    place(temp.resolve("jails"), blob, CLONE, FileAccess.DEFAULT);

    try (Guest guest = Guest.start(file, content.length)) {
      assertGuestWritesItsOwn(guest, temp.resolve("jails"), blob, FileAccess.DEFAULT);
    }
  }

  @Test
  @Tag("root")
  void norDoesAGuestThatOwnsTheCopy() throws Exception {
    Path blob = publish(temp);
    assertOwningGuestWritesItsOwn(temp.resolve("jails"), blob, PlacementMethod.COPIED);
  }

  @Test
  @Tag("root")
  void norDoesAGuestWhoseFileLiesInMemory() throws Exception {
    Path blob = publish(temp);
    try (ScratchFileSystem memory = ScratchFileSystem.tmpfs(temp, "size=16m,mode=755")) {
      assertOwningGuestWritesItsOwn(memory.directory(), blob, PlacementMethod.COPIED);
    }
  }

  @Test
  @Tag("root")
  void norDoesAGuestWhoseFileSharesItsExtentsWithTheBlob() throws Exception {
    try (ScratchFileSystem disk = ScratchFileSystem.xfs(temp)) {
      Path blob = publish(disk.directory());
      assertOwningGuestWritesItsOwn(
          disk.directory().resolve("jails"), blob, PlacementMethod.REFLINKED);
    }
  }

  /** The operator's explicit choice: all VMs share the file, so none can write to it. */
  @Test
  @Tag("root")
  void aGuestCannotWriteToALink() throws Exception {
    Path blob = publish(temp);
    Path jails = temp.resolve("jails");
    assertThat(place(jails, blob, LINK, OF_GUEST).method()).isEqualTo(PlacementMethod.LINKED);

    try (Guest guest =
        Guest.startAs(UID, UID, temp, jails.resolve("vm/rootfs.ext4"), content.length)) {
      for (String order : List.of("open", "write-path", "map")) {
        assertThat(guest.order(order)).as(order).startsWith("refused").contains("AccessDenied");
      }
    }

    assertUnchanged(blob);
    assertThat(Files.getAttribute(blob, "unix:uid")).as("owner of the blob").isEqualTo(0);
  }

  /** Its file is made of the cache's, whatever the node's store is. */
  @Test
  void aGuestThatWritesToItsCopyOfACachedBlobChangesNeitherTheCacheNorTheStore() throws Exception {
    Path blob = publish(temp);
    try (BlobCache cache = cache(temp);
        LocalBlob cached = fetch(cache, blob)) {
      Path jails = temp.resolve("jails");
      assertThat(place(jails, cached.path(), CLONE, FileAccess.DEFAULT).method())
          .isEqualTo(PlacementMethod.COPIED);
      try (Guest guest = Guest.start(jails.resolve("vm/rootfs.ext4"), content.length)) {
        assertGuestWritesItsOwn(guest, jails, cached.path(), FileAccess.DEFAULT);
      }
      assertUnchanged(cache, blob);
    }
  }

  @Test
  @Tag("root")
  void norDoesAGuestWhoseFileSharesItsExtentsWithTheCache() throws Exception {
    Path blob = publish(temp);
    try (ScratchFileSystem disk = ScratchFileSystem.xfs(temp);
        BlobCache cache = cache(disk.directory());
        LocalBlob cached = fetch(cache, blob)) {
      assertOwningGuestWritesItsOwn(
          disk.directory().resolve("jails"), cached.path(), PlacementMethod.REFLINKED);
      assertUnchanged(cache, blob);
    }
  }

  @Test
  @Tag("root")
  void aGuestCannotWriteToALinkOfTheCache() throws Exception {
    Path blob = publish(temp);
    Path jails = temp.resolve("jails");
    try (BlobCache cache = cache(temp);
        LocalBlob cached = fetch(cache, blob)) {
      assertThat(place(jails, cached.path(), LINK, OF_GUEST).method())
          .isEqualTo(PlacementMethod.LINKED);
      try (Guest guest =
          Guest.startAs(UID, UID, temp, jails.resolve("vm/rootfs.ext4"), content.length)) {
        for (String order : List.of("open", "write-path", "map")) {
          assertThat(guest.order(order)).as(order).startsWith("refused").contains("AccessDenied");
        }
      }
      assertUnchanged(cache, blob);
    }
  }

  private static BlobCache cache(Path directory) throws IOException {
    return BlobCache.open(
        BlobCacheOptions.of(directory.resolve("cache"), 64L << 20, 1, Duration.ofSeconds(20)),
        digests -> Set.of(),
        Clock.systemUTC());
  }

  private LocalBlob fetch(BlobCache cache, Path blob) throws IOException {
    BlobSource source =
        new BlobSource() {
          @Override
          public String name() {
            return "nfs";
          }

          @Override
          public ReadableByteChannel open(long offset, long length) throws IOException {
            return FileChannel.open(blob).position(offset);
          }
        };
    return cache.hold(
        new WantedBlob(new Sha256(digest(content)), content.length, List.of(source)),
        Duration.ofSeconds(20));
  }

  private void assertUnchanged(BlobCache cache, Path blob) throws IOException {
    assertUnchanged(blob);
    assertThat(cache.recheck(new Sha256(digest(content)), read -> {}))
        .isEqualTo(BlobCache.Recheck.RIGHT);
  }

  private void assertOwningGuestWritesItsOwn(Path jails, Path blob, PlacementMethod expected)
      throws Exception {
    assumeTrue(Inode.ownUid() == 0, "needs root, to give files to another user");
    assertThat(place(jails, blob, CLONE, OF_GUEST).method()).isEqualTo(expected);
    try (Guest guest =
        Guest.startAs(UID, UID, temp, jails.resolve("vm/rootfs.ext4"), content.length)) {
      assertGuestWritesItsOwn(guest, jails, blob, OF_GUEST);
    }
  }

  /** Through its path, through what it opened before a second placing, and through a mapping. */
  private void assertGuestWritesItsOwn(Guest guest, Path jails, Path blob, FileAccess access)
      throws IOException {
    Path file = jails.resolve("vm/rootfs.ext4");
    byte[] written = "G".repeat(content.length).getBytes(UTF_8);
    assertThat(guest.order("open")).isEqualTo("done");
    assertThat(guest.order("write-path")).isEqualTo("done");
    assertThat(file).as("what the guest wrote").hasBinaryContent(written);
    assertUnchanged(blob);

    assertThat(place(jails, blob, CLONE, access).method()).isNotEqualTo(PlacementMethod.UNCHANGED);
    assertThat(file).as("placed again").hasBinaryContent(content);
    assertThat(guest.order("write-open")).isEqualTo("done");
    assertThat(file).as("after a write to the file before").hasBinaryContent(content);
    assertUnchanged(blob);

    assertThat(guest.order("map")).isEqualTo("done");
    assertThat(file).as("what the guest mapped").hasBinaryContent(written);
    assertUnchanged(blob);
  }

  private static PlacedFile place(Path jails, Path blob, PlacementMode mode, FileAccess access)
      throws IOException {
    return new Placement(List.of(jails), Clock.systemUTC())
        .place(jails.resolve("vm"), List.of(new PlacementItem(blob, "rootfs.ext4", mode)), access)
        .get(0);
  }

  /** As a node does, into a store whose directories everybody may enter. */
  private Path publish(Path directory) throws Exception {
    SharedDirectoryBlobStore store =
        SharedDirectoryBlobStore.open(directory.resolve("blobs"), "n1");
    Path staged = Files.write(store.stagingDirectory().resolve("staged"), content);
    Sha256 digest = new Sha256(digest(content));
    store.put(staged, digest.location(), digest, content.length);
    return store.localFile(digest.location()).orElseThrow();
  }

  private void assertUnchanged(Path blob) throws IOException {
    assertThat(digest(Files.readAllBytes(blob)))
        .as("SHA-256 of the blob")
        .isEqualTo(digest(content));
  }

  private static String digest(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
