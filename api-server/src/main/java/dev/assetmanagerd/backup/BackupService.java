package dev.assetmanagerd.backup;

import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.backup.v1.BackupHeader;
import dev.assetmanagerd.backup.v1.BackupServiceGrpc;
import dev.assetmanagerd.backup.v1.BackupTrailer;
import dev.assetmanagerd.backup.v1.ConfirmBackupRequest;
import dev.assetmanagerd.backup.v1.ConfirmBackupResponse;
import dev.assetmanagerd.backup.v1.CreateBackupRequest;
import dev.assetmanagerd.backup.v1.CreateBackupResponse;
import dev.assetmanagerd.backup.v1.ForgetBackupRequest;
import dev.assetmanagerd.backup.v1.ForgetBackupResponse;
import dev.assetmanagerd.backup.v1.ListBackupsRequest;
import dev.assetmanagerd.backup.v1.ListBackupsResponse;
import dev.assetmanagerd.backup.v1.StreamBackupRequest;
import dev.assetmanagerd.backup.v1.StreamBackupResponse;
import dev.assetmanagerd.backup.v1.VerifyBackupRequest;
import dev.assetmanagerd.backup.v1.VerifyBackupResponse;
import dev.assetmanagerd.log.v1.Backup;
import dev.assetmanagerd.log.v1.CompleteBackup;
import dev.assetmanagerd.storage.blob.BlobReader;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/** What operators may ask about backups. Each call has a thread of its own while it lasts. */
final class BackupService implements BackupServiceGrpc.AsyncService {
  private static final Duration IDLE_MAX = Duration.ofMinutes(2);
  private static final Duration KEEP_MAX = Duration.ofDays(3_650);

  private final BackupOptions options;
  private final Optional<BackupPlace> place;
  private final BackupRegistry registry;
  private final BackupMaker maker;
  private final BackupDuty duty;
  private final BackupRetention retention;
  private final BlobReader blobs;
  private final StorageBackend backend;
  private final Executor threads;

  /**
   * @param blobs the store of the cluster
   * @param backend what it is recorded as
   * @param threads may refuse
   */
  BackupService(
      BackupOptions options,
      Optional<BackupPlace> place,
      BackupRegistry registry,
      BackupMaker maker,
      BackupDuty duty,
      BackupRetention retention,
      BlobReader blobs,
      StorageBackend backend,
      Executor threads) {
    this.options = options;
    this.place = place;
    this.registry = registry;
    this.maker = maker;
    this.duty = duty;
    this.retention = retention;
    this.blobs = blobs;
    this.backend = backend;
    this.threads = threads;
  }

  @Override
  public void createBackup(
      CreateBackupRequest request, StreamObserver<CreateBackupResponse> response) {
    answer(
        response,
        () ->
            CreateBackupResponse.newBuilder()
                .setBackup(message(maker.makeIn(requiredPlace(), requiredTerm())))
                .build());
  }

  @Override
  public void streamBackup(
      StreamBackupRequest request, StreamObserver<StreamBackupResponse> response) {
    var call = (ServerCallStreamObserver<StreamBackupResponse>) response;
    ChunkStream stream = new ChunkStream(call, IDLE_MAX);
    execute(
        response,
        () -> {
          maker.hand(keep(request), (begun, copy) -> send(begun, copy, stream));
          call.onCompleted();
        });
  }

  private void send(Backup begun, BackupCopy copy, ChunkStream stream) throws IOException {
    stream.send(
        StreamBackupResponse.newBuilder()
            .setHeader(
                BackupHeader.newBuilder()
                    .setBackupId(begun.getId())
                    .setFileName(options.fileName(begun.getId())))
            .build());
    BackupCopy.Written written = copy.write(stream);
    stream.send(
        StreamBackupResponse.newBuilder()
            .setTrailer(
                BackupTrailer.newBuilder()
                    .setSizeBytes(written.sizeBytes())
                    .setSha256(written.sha256()))
            .build());
  }

  private static Duration keep(StreamBackupRequest request) {
    long seconds = request.getKeepSeconds();
    if (seconds < 0 || seconds > KEEP_MAX.toSeconds()) {
      throw BackupFailedException.invalid(
          "keep_seconds: %d is not 0 to %d".formatted(seconds, KEEP_MAX.toSeconds()));
    }
    return Duration.ofSeconds(seconds);
  }

  @Override
  public void confirmBackup(
      ConfirmBackupRequest request, StreamObserver<ConfirmBackupResponse> response) {
    answer(
        response,
        () -> {
          Backup complete =
              registry.complete(
                  CompleteBackup.newBuilder()
                      .setBackupId(request.getBackupId())
                      .setLogTerm(request.getLogTerm())
                      .setLogIndex(request.getLogIndex())
                      .setSizeBytes(request.getSizeBytes())
                      .setSha256(request.getSha256())
                      .setStateHash(request.getStateHash())
                      .build());
          return ConfirmBackupResponse.newBuilder().setBackup(message(complete)).build();
        });
  }

  @Override
  public void listBackups(
      ListBackupsRequest request, StreamObserver<ListBackupsResponse> response) {
    answer(
        response,
        () -> {
          registry.awaitLinearizable();
          ListBackupsResponse.Builder all = ListBackupsResponse.newBuilder();
          registry.known().forEach(backup -> all.addBackups(message(backup)));
          return all.build();
        });
  }

  @Override
  public void verifyBackup(
      VerifyBackupRequest request, StreamObserver<VerifyBackupResponse> response) {
    answer(response, () -> verify(request));
  }

  private VerifyBackupResponse verify(VerifyBackupRequest request) throws IOException {
    Backup backup = known(request.getBackupId());
    if (backup.getLocation().isEmpty()) {
      throw BackupFailedException.precondition(
          "backup_id: the file of backup %s was handed out; verify the file itself"
              .formatted(backup.getId()));
    }
    if (backup.getState() != Backup.State.STATE_COMPLETE) {
      throw BackupFailedException.precondition(
          "backup_id: backup %s is not complete".formatted(backup.getId()));
    }
    try (BackupWork work = BackupWork.in(options.work())) {
      UnpackedBackup found = maker.verify(requiredPlace(), backup, work.part("restored"));
      VerifyBackupResponse.Builder verified =
          VerifyBackupResponse.newBuilder()
              .setBackup(message(backup))
              .setAssets(found.manifest().counts().assets())
              .setLeases(found.manifest().counts().leases())
              .setBlobs(found.manifest().blobCount());
      if (request.getCheckBlobs()) {
        BlobCheck check = BlobCheck.of(found, blobs, backend);
        verified
            .setBlobsChecked(check.checked())
            .setBlobsMissing(check.missing())
            .addAllMissingLocations(check.locations());
      }
      return verified.build();
    }
  }

  @Override
  public void forgetBackup(
      ForgetBackupRequest request, StreamObserver<ForgetBackupResponse> response) {
    answer(
        response,
        () -> {
          var unused = requiredTerm();
          Backup backup = known(request.getBackupId());
          if (backup.getState() == Backup.State.STATE_PENDING && maker.isMaking()) {
            throw BackupFailedException.precondition(
                "backup_id: backup %s is being made".formatted(backup.getId()));
          }
          if (!request.getKeepFile()
              && retention.isOurs(backup)
              && !backup.getLocation().isEmpty()) {
            registry.forget(backup.getId(), false);
            var unusedToo = retention.deleteAndForget(backup);
          } else {
            registry.forget(backup.getId(), true);
          }
          return ForgetBackupResponse.getDefaultInstance();
        });
  }

  private Backup known(String id) {
    registry.awaitLinearizable();
    return registry.known().stream()
        .filter(backup -> backup.getId().equals(id))
        .findFirst()
        .orElseThrow(() -> BackupFailedException.notFound("no backup has the id \"" + id + "\""));
  }

  private BackupPlace requiredPlace() {
    return place.orElseThrow(
        () ->
            BackupFailedException.precondition(
                "no place for backups is configured, see UNKEY_ASSETMANAGERD_BACKUP_LOCATION;"
                    + " without one, have the backup written to a file"));
  }

  private long requiredTerm() {
    OptionalLong term = duty.term();
    if (term.isEmpty()) {
      throw BackupFailedException.notLeading();
    }
    return term.getAsLong();
  }

  private dev.assetmanagerd.backup.v1.Backup message(Backup backup) {
    long left = backup.getExpiresAtMillis() - registry.clusterTimeMillis();
    return dev.assetmanagerd.backup.v1.Backup.newBuilder()
        .setId(backup.getId())
        .setStateValue(backup.getStateValue())
        .setLocation(backup.getLocation())
        .setBegunAt(backup.getBegunAt())
        .setCompletedAt(backup.getCompletedAt())
        .setLogIndex(backup.getLogIndex())
        .setSizeBytes(backup.getSizeBytes())
        .setSha256(backup.getSha256())
        .setStateHash(backup.getStateHash())
        .setExpiresInSeconds(
            backup.getExpiresAtMillis() == 0
                ? 0
                : Math.max(1, TimeUnit.MILLISECONDS.toSeconds(left)))
        .setEarlierLife(!retention.isOurs(backup))
        .build();
  }

  private <S> void answer(StreamObserver<S> response, Callable<S> method) {
    // Without a handler, answering a call that was cancelled meanwhile would throw.
    ((ServerCallStreamObserver<S>) response).setOnCancelHandler(() -> {});
    execute(
        response,
        () -> {
          S message = method.call();
          response.onNext(message);
          response.onCompleted();
        });
  }

  /** Something that fails as a call does. */
  @FunctionalInterface
  private interface Work {
    void run() throws Exception;
  }

  private void execute(StreamObserver<?> response, Work work) {
    try {
      threads.execute(
          () -> {
            try {
              work.run();
            } catch (Exception e) {
              response.onError(BackupFailedException.of(e).toStatus());
            }
          });
    } catch (RejectedExecutionException e) {
      response.onError(BackupFailedException.busy().toStatus());
    }
  }
}
