package dev.assetmanagerd.storage.cache;

import static dev.assetmanagerd.storage.cache.CacheFixture.content;
import static dev.assetmanagerd.storage.cache.CacheFixture.digest;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.assetmanagerd.storage.cache.CacheFullException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that went wrong, and what people do to the directory. */
class CacheRepairTest {
  private static final int MIB = 1 << 20;

  @TempDir private Path temp;

  @Test
  void whatCannotBeDeletedFromTheQuarantineKeepsItsRoomAndNothingElse() throws Exception {
    Path kept = Files.createDirectories(temp.resolve("quarantine/kept-by-joe"));
    Files.write(kept.resolve("bad-file"), new byte[10]);
    try (CacheFixture fixture = new CacheFixture(temp, 4 * MIB)) {
      byte[] held = content(1, 3 * MIB);
      byte[] next = content(2, 3 * MIB);
      try (LocalBlob holding = fixture.hold(held, TestSource.good(held))) {
        assertTimeoutPreemptively(
            Duration.ofSeconds(20),
            () ->
                assertThatExceptionOfType(CacheFullException.class)
                    .isThrownBy(() -> fixture.fill(next))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.ALL_IN_USE)));
        assertThat(holding.path()).hasBinaryContent(held);
      }
      assertThat(fixture.cache.bytesHeld()).isEqualTo(3 * MIB);
      fixture.fill(next);
      assertThat(fixture.cache.bytesHeld()).isEqualTo(3 * MIB);
      assertThat(kept.resolve("bad-file")).exists();
    }
  }

  @Test
  void theRoomOfAFileThatPeopleTookOutOfTheQuarantineIsFree() throws Exception {
    try (CacheFixture fixture = new CacheFixture(temp, 4 * MIB)) {
      byte[] content = content(3, 3 * MIB);
      fixture.fill(content);
      rot(fixture.file(content), content);
      assertThat(fixture.cache.verify(digest(content))).isFalse();
      assertThat(fixture.quarantined()).hasSize(1);

      Files.delete(fixture.quarantined().get(0));
      fixture.fill(content);

      assertThat(fixture.file(content)).hasBinaryContent(content);
    }
  }

  @Test
  void aFileThatCannotBeReadIsSetAsideAndFetchedAgain() throws Exception {
    byte[] content = content(4, MIB);
    try (CacheFixture fixture = new CacheFixture(temp.resolve("cache"), 4 * MIB)) {
      fixture.fill(content);
      linkInstead(fixture.file(content), "first");
      fixture.fill(content);
      assertThat(Files.isRegularFile(fixture.file(content), LinkOption.NOFOLLOW_LINKS)).isTrue();
      assertThat(fixture.file(content)).hasBinaryContent(content);
      assertThat(fixture.quarantined()).hasSize(1);

      linkInstead(fixture.file(content), "second");
      assertThat(fixture.cache.verify(digest(content))).isFalse();
      assertThat(fixture.cache.counters().corrupt()).isEqualTo(2);
    }
  }

  @Test
  void verifyingSaysOfEachFileWhetherItIsRight() throws Exception {
    byte[] right = content(5, MIB);
    byte[] wrong = content(6, MIB);
    byte[] deleted = content(7, MIB);
    try (CacheFixture fixture = new CacheFixture(temp, 4 * MIB)) {
      fixture.fill(right);
      fixture.fill(wrong);
      fixture.fill(deleted);
      rot(fixture.file(wrong), wrong);
      Files.delete(fixture.file(deleted));

      assertThat(fixture.cache.verify(digest(right))).isTrue();
      assertThat(fixture.cache.verify(digest(wrong))).isFalse();
      assertThat(fixture.cache.verify(digest(wrong))).as("it is not there any more").isTrue();
      assertThat(fixture.cache.verify(digest(deleted))).isTrue();
    }
  }

  @Test
  void whoHoldsAFileThatIsSetAsideHoldsTheOneThatComesInItsPlace() throws Exception {
    byte[] content = content(8, 3 * MIB);
    byte[] other = content(9, 3 * MIB);
    try (CacheFixture fixture = new CacheFixture(temp, 7 * MIB)) {
      try (LocalBlob held = fixture.hold(content, TestSource.good(content))) {
        rot(fixture.file(content), content);
        fixture.fill(content);
        assertThat(fixture.quarantined()).hasSize(1);

        fixture.fill(other);
        assertThatExceptionOfType(CacheFullException.class)
            .isThrownBy(() -> fixture.fill(content(10, 5 * MIB)));
        assertThat(held.path()).hasBinaryContent(content);
      }
      fixture.fill(content(10, 5 * MIB));
      assertThat(fixture.file(content)).doesNotExist();
    }
  }

  @Test
  void aWrongFileThatCannotBeMovedAsideIsGivenToNobodyAgain() throws Exception {
    byte[] content = content(11, MIB);
    try (CacheFixture fixture = new CacheFixture(temp, 4 * MIB)) {
      fixture.fill(content);
      FileTime time = Files.getLastModifiedTime(fixture.file(content));
      rot(fixture.file(content), content);
      Files.setLastModifiedTime(fixture.file(content), time); // as a disk does
      fixture.hold(content).close();
      Files.deleteIfExists(temp.resolve("quarantine"));
      Files.createFile(temp.resolve("quarantine"));

      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> fixture.cache.verify(digest(content)));

      assertThat(fixture.cache.holdCached(digest(content), content.length)).isEmpty();
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> fixture.hold(content, TestSource.good(content)));
    }
  }

  private void linkInstead(Path file, String name) throws IOException {
    Path moved = Files.move(file, temp.resolve(name));
    Files.createSymbolicLink(file, moved);
  }

  /** Flips a byte. */
  private static void rot(Path file, byte[] content) throws IOException {
    byte[] bytes = content.clone();
    bytes[bytes.length / 2] ^= 1;
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    Files.write(file, bytes);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
  }
}
