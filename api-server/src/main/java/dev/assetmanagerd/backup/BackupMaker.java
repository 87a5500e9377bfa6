package dev.assetmanagerd.backup;

import dev.assetmanagerd.log.v1.Backup;
import dev.assetmanagerd.log.v1.CompleteBackup;
import dev.assetmanagerd.registry.LogPosition;
import dev.assetmanagerd.registry.RegistryBusyException;
import dev.assetmanagerd.storage.blob.Hashing;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes backups, one at a time in the place of the cluster, and one for somebody who asks. The
 * cluster is told before the registry is copied, so that from then on no blob goes that the copy
 * refers to; and told again when the backup was read back from where it is kept, unpacked, and its
 * registry opened and found to be the one that was copied. Thread-safe; blocks.
 */
final class BackupMaker {
  private static final Logger log = LoggerFactory.getLogger(BackupMaker.class);

  /** A snapshot copies the registry too, and that does not take long. */
  private static final Duration COPY_PATIENCE = Duration.ofSeconds(60);

  private static final Duration COPY_PAUSE = Duration.ofMillis(100);

  private final BackupOptions options;
  private final BackupRegistry registry;
  private final Function<Path, LogPosition> copier;
  private final BackupCounters counters;
  private final Clock clock;
  private final LongSupplier nanoClock;
  private volatile OptionalLong makingSince = OptionalLong.empty();
  private final ReentrantLock making = new ReentrantLock();
  private final ReentrantLock handing = new ReentrantLock();

  /**
   * @param copier writes a consistent copy of this node's registry
   */
  BackupMaker(
      BackupOptions options,
      BackupRegistry registry,
      Function<Path, LogPosition> copier,
      BackupCounters counters,
      Clock clock,
      LongSupplier nanoClock) {
    this.options = options;
    this.registry = registry;
    this.copier = copier;
    this.counters = counters;
    this.clock = clock;
    this.nanoClock = nanoClock;
  }

  /** Takes the bytes of a backup. */
  @FunctionalInterface
  interface Receiver {
    void receive(Backup begun, BackupCopy copy) throws IOException;
  }

  /** Whether this node is making one in the place of the cluster. */
  boolean isMaking() {
    return making.isLocked();
  }

  /** How long it has been making the one that it is making there; zero when it is not. */
  Duration makingFor() {
    OptionalLong since = makingSince;
    return since.isPresent()
        ? Duration.ofNanos(nanoClock.getAsLong() - since.getAsLong())
        : Duration.ZERO;
  }

  /**
   * Makes one in the place of the cluster.
   *
   * @param term of this node's leadership
   * @throws BackupFailedException when it could not be made or is not good; it is given up then
   */
  Backup makeIn(BackupPlace place, long term) {
    long started = nanoClock.getAsLong();
    try {
      Backup made = exclusively(making, () -> make(place, term));
      counters.made(nanoClock.getAsLong() - started, made.getSizeBytes());
      log.info(
          "backup {} made in {} ms: {} bytes at {}, registry at index {}",
          made.getId(),
          TimeUnit.NANOSECONDS.toMillis(nanoClock.getAsLong() - started),
          made.getSizeBytes(),
          made.getLocation(),
          made.getLogIndex());
      return made;
    } catch (RuntimeException | Error e) {
      counters.failed();
      log.error("NO BACKUP WAS MADE: {}", e.getMessage(), e);
      throw e;
    }
  }

  /**
   * Makes one that the cluster does not look after, and hands over its bytes. It is not complete
   * then: whoever has received it has to say that it is good.
   *
   * @param keep how long the cluster is to know of it
   */
  void hand(Duration keep, Receiver receiver) {
    var unused =
        exclusively(
            handing,
            () -> {
              Backup begun = registry.begin("", keep, OptionalLong.empty());
              try (BackupWork work = BackupWork.in(options.work())) {
                receiver.receive(begun, copy(begun, work.part("copy")));
              } catch (IOException | RuntimeException e) {
                boolean unusedToo = givenUp(begun, e);
                throw e;
              }
              return begun;
            });
  }

  /** Reads a backup from the place as a restore would, and compares it with what is known of it. */
  UnpackedBackup verify(BackupPlace place, Backup backup, Path work) throws IOException {
    MessageDigest digest = Hashing.newSha256();
    UnpackedBackup unpacked;
    try (InputStream in = place.open(backup.getLocation());
        DigestInputStream digested = new DigestInputStream(in, digest)) {
      unpacked = BackupReader.read(digested, work);
    }
    String sha256 = Hashing.finish(digest).hex();
    if (!sha256.equals(backup.getSha256())) {
      throw new BadBackupException(
          "the file has the SHA-256 %s, and the backup that was made had %s"
              .formatted(sha256, backup.getSha256()));
    }
    if (!unpacked.manifest().id().equals(backup.getId())) {
      throw new BadBackupException("the file is that of backup " + unpacked.manifest().id());
    }
    return unpacked;
  }

  @FunctionalInterface
  private interface Job {
    Backup run() throws IOException;
  }

  private static Backup exclusively(ReentrantLock one, Job job) {
    if (!one.tryLock()) {
      throw BackupFailedException.precondition(
          "this node is making a backup already; try again when it is done");
    }
    try {
      return job.run();
    } catch (IOException | RuntimeException e) {
      throw BackupFailedException.of(e);
    } finally {
      one.unlock();
    }
  }

  private Backup make(BackupPlace place, long term) throws IOException {
    makingSince = OptionalLong.of(nanoClock.getAsLong());
    try {
      return makeAndVerify(place, term);
    } finally {
      makingSince = OptionalLong.empty();
    }
  }

  private Backup makeAndVerify(BackupPlace place, long term) throws IOException {
    place.check();
    Backup begun =
        registry.begin(
            place.location(options.fileName("{id}")), Duration.ZERO, OptionalLong.of(term));
    try (BackupWork work = BackupWork.in(options.work())) {
      CompleteBackup made = write(place, begun, work);
      Backup expected =
          begun.toBuilder().setSha256(made.getSha256()).setSizeBytes(made.getSizeBytes()).build();
      BackupManifest found = verify(place, expected, work.part("restored")).manifest();
      if (!found.stateHash().equals(made.getStateHash())) {
        throw new BadBackupException("its state hash is " + found.stateHash());
      }
      return registry.complete(made);
    } catch (IOException | RuntimeException e) {
      if (givenUp(begun, e)) {
        deleteFile(place, begun, e);
      }
      throw e;
    }
  }

  private CompleteBackup write(BackupPlace place, Backup begun, BackupWork work)
      throws IOException {
    Path directory = work.part("copy");
    BackupCopy copy = copy(begun, directory);
    Path file = work.directory().resolve(options.fileName(begun.getId()));
    BackupCopy.Written written;
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 256 << 10)) {
      written = copy.write(out);
    }
    BackupWork.delete(directory); // its room is needed for reading the backup back
    place.put(
        file, begun.getLocation(), new BackupManifest.Part(written.sizeBytes(), written.sha256()));
    Files.delete(file);
    BackupManifest manifest = copy.manifest();
    return CompleteBackup.newBuilder()
        .setBackupId(begun.getId())
        .setLogTerm(manifest.position().term())
        .setLogIndex(manifest.position().index())
        .setSizeBytes(written.sizeBytes())
        .setSha256(written.sha256())
        .setStateHash(manifest.stateHash())
        .build();
  }

  private BackupCopy copy(Backup begun, Path directory) throws IOException {
    return BackupCopy.take(
        begun.getId(), options.origin(), this::copyPatiently, clock.instant(), directory);
  }

  private LogPosition copyPatiently(Path target) {
    long deadline = nanoClock.getAsLong() + COPY_PATIENCE.toNanos();
    while (true) {
      try {
        return copier.apply(target);
      } catch (RegistryBusyException e) {
        if (nanoClock.getAsLong() - deadline > 0) {
          throw e;
        }
        pause();
      }
    }
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(COPY_PAUSE.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw BackupFailedException.unavailable("this node is stopping", e);
    }
  }

  /**
   * False where nobody knows whether it is complete by now: then its file has to stay, and the next
   * leader finds the backup pending. One that is unknown was given up by the next leader, which
   * could not delete a file that was put there later.
   */
  private boolean givenUp(Backup begun, Exception reason) {
    try {
      registry.forget(begun.getId(), false);
      return true;
    } catch (BackupFailedException e) {
      reason.addSuppressed(e);
      return e.isNotFound();
    }
  }

  private void deleteFile(BackupPlace place, Backup begun, Exception reason) {
    try {
      place.delete(begun.getLocation());
      registry.forget(begun.getId(), true);
    } catch (IOException | BackupFailedException e) {
      reason.addSuppressed(e);
    }
  }
}
