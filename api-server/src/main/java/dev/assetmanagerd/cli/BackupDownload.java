package dev.assetmanagerd.cli;

import dev.assetmanagerd.backup.v1.BackupServiceGrpc.BackupServiceBlockingStub;
import dev.assetmanagerd.backup.v1.BackupTrailer;
import dev.assetmanagerd.backup.v1.StreamBackupRequest;
import dev.assetmanagerd.backup.v1.StreamBackupResponse;
import io.grpc.Status;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.Iterator;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A backup on its way into a file, which appears under its name when it is whole and good. */
final class BackupDownload implements AutoCloseable {
  private static final String PERMISSIONS = "rw-------";

  private final Path target;
  private final Path partial;
  private final FileChannel channel;
  private String id = "";
  private @Nullable BackupTrailer trailer;

  private BackupDownload(Path target, Path partial, FileChannel channel) {
    this.target = target;
    this.partial = partial;
    this.channel = channel;
  }

  static BackupDownload to(Path target) throws IOException {
    if (Files.exists(target)) {
      throw new FileAlreadyExistsException(target.toString());
    }
    Path partial = target.resolveSibling(target.getFileName() + ".part");
    FileChannel channel =
        FileChannel.open(
            partial,
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(PERMISSIONS)));
    return new BackupDownload(target, partial, channel);
  }

  /** Where it is until then. */
  Path partial() {
    return partial;
  }

  /**
   * One attempt, at one node; a second one begins anew.
   *
   * @return the id of the backup
   */
  String receive(BackupServiceBlockingStub stub, long keepSeconds) {
    try {
      channel.truncate(0);
      channel.position(0);
      trailer = null;
      MessageDigest digest = Digests.newSha256();
      Iterator<StreamBackupResponse> messages =
          stub.streamBackup(StreamBackupRequest.newBuilder().setKeepSeconds(keepSeconds).build());
      while (messages.hasNext()) {
        take(messages.next(), digest);
      }
      channel.force(true);
      requireWhole(Digests.hex(digest));
      return id;
    } catch (IOException e) {
      throw new CallFailedException(
          Status.Code.INTERNAL, false, "cannot write " + partial + ": " + e);
    }
  }

  private void take(StreamBackupResponse message, MessageDigest digest) throws IOException {
    switch (message.getDataCase()) {
      case HEADER -> id = message.getHeader().getBackupId();
      case CHUNK -> {
        ByteBuffer bytes = message.getChunk().asReadOnlyByteBuffer();
        digest.update(bytes.duplicate());
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
      }
      case TRAILER -> trailer = message.getTrailer();
      case DATA_NOT_SET -> {
        // of a newer node
      }
    }
  }

  private void requireWhole(String sha256) throws IOException {
    BackupTrailer sent = trailer;
    if (sent == null
        || sent.getSizeBytes() != channel.position()
        || !sent.getSha256().equals(sha256)) {
      throw new CallFailedException(
          Status.Code.DATA_LOSS, false, "the bytes that came are not those that were sent");
    }
  }

  /** Compares what was read back from the file with what was sent. */
  void requireSame(BackupFiles.Contents found) throws IOException {
    BackupTrailer sent = trailer;
    if (sent == null || !sent.getSha256().equals(found.sha256()) || !found.id().equals(id)) {
      throw new IOException(partial + " does not hold what was written to it");
    }
  }

  /** Gives it its name, where it stays after a power cut too. */
  void publish() throws IOException {
    if (Files.exists(target)) {
      throw new FileAlreadyExistsException(target.toString());
    }
    Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
    Path directory = target.toAbsolutePath().getParent();
    if (directory != null) {
      try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
        names.force(true);
      }
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
    Files.deleteIfExists(partial);
  }
}
