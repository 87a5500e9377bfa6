package dev.assetmanagerd.registry;

import com.google.protobuf.ByteString;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.log.v1.AcquireAsset;
import dev.assetmanagerd.log.v1.AcquireLeases;
import dev.assetmanagerd.log.v1.AdvanceBuild;
import dev.assetmanagerd.log.v1.AppendUpload;
import dev.assetmanagerd.log.v1.AttachLeases;
import dev.assetmanagerd.log.v1.CheckReplicas;
import dev.assetmanagerd.log.v1.CloseSession;
import dev.assetmanagerd.log.v1.CloseUpload;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.CondemnBlobs;
import dev.assetmanagerd.log.v1.ForgetBlobs;
import dev.assetmanagerd.log.v1.KeepSession;
import dev.assetmanagerd.log.v1.MarkDeleting;
import dev.assetmanagerd.log.v1.NoteBlobs;
import dev.assetmanagerd.log.v1.NoteMember;
import dev.assetmanagerd.log.v1.OpenSession;
import dev.assetmanagerd.log.v1.OpenUpload;
import dev.assetmanagerd.log.v1.RegisterAsset;
import dev.assetmanagerd.log.v1.ReleaseLeases;
import dev.assetmanagerd.log.v1.RenewLeases;
import dev.assetmanagerd.log.v1.RequestBuild;
import dev.assetmanagerd.log.v1.ReserveBlob;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;

/**
 * Commands of every kind. Ids come from small sets, so that commands meet: registering twice,
 * acquiring what is being deleted, releasing twice, storing bytes whose blob is on its way out.
 */
final class RandomCommands {
  private static final int ASSETS = 8;
  private static final int LEASES = 20;
  private static final int SESSIONS = 3;
  private static final int CONTENTS = 3;
  private static final int BUILDS = 2;
  private static final int UPLOADS = 3;

  private final Random random;
  private final List<Supplier<Command.Builder>> kinds = new ArrayList<>();

  RandomCommands(Random random) {
    this.random = random;
    RandomImports imports = new RandomImports(random);
    RandomBackups backups = new RandomBackups(random);
    often(16, this::register);
    often(12, this::acquire);
    often(5, this::release);
    often(3, this::mark);
    often(3, () -> Commands.purge(assetId(), assetId(), assetId()).toBuilder());
    often(3, () -> Commands.expire(random.nextInt(6)).toBuilder());
    often(2, () -> Commands.touch(assetId(), assetId()).toBuilder());
    often(8, this::acquireLeases);
    often(4, this::renew);
    often(4, this::releaseLeases);
    often(4, this::openSession);
    often(3, this::keepSession);
    often(5, this::attach);
    often(1, this::closeSession);
    often(6, this::reserve);
    often(3, this::condemn);
    often(3, this::forget);
    often(3, this::note);
    often(4, this::requestBuild);
    often(9, this::advanceBuild);
    often(5, this::openUpload);
    often(10, this::appendUpload);
    often(1, this::closeUpload);
    often(1, this::noteMember);
    often(1, this::checkReplicas);
    often(6, imports::assets);
    often(5, imports::leases);
    often(3, backups::begin);
    often(3, backups::complete);
    often(2, backups::forget);
    often(4, backups::tend);
    often(1, this::raise);
  }

  private void often(int weight, Supplier<Command.Builder> kind) {
    for (int i = 0; i < weight; i++) {
      kinds.add(kind);
    }
  }

  Command next() {
    return kinds.get(random.nextInt(kinds.size())).get().build();
  }

  private Command.Builder register() {
    RegisterAsset.Builder register = RegisterAsset.newBuilder();
    int content = random.nextInt(CONTENTS);
    Asset.Builder asset;
    if (random.nextInt(3) > 0) {
      // The same whenever it is registered, or stored elsewhere at most.
      int number = random.nextInt(ASSETS);
      content = number % CONTENTS;
      asset = asset(number, content);
      asset.setLocation(random.nextInt(4) == 0 ? location(content) : "outside/" + number % 5);
      asset.putLabels("k", "v" + number % 2);
    } else {
      asset = asset(random.nextInt(ASSETS), content);
      asset.setType(type());
      asset.setLocation(location(content));
      asset.setBuildId(random.nextInt(4) == 0 ? buildId() : "");
      labels(asset);
    }
    if (random.nextInt(2) == 0) {
      register.setReservationId(reservationId(content));
      asset.setLocation(location(content));
    }
    if (random.nextInt(4) == 0) {
      register.setUploadId(uploadId());
    }
    switch (random.nextInt(60)) {
      case 0 -> asset.clearId();
      case 1 -> asset.clearType();
      case 2 -> asset.clearBackend();
      case 3 -> asset.clearLocation();
      default -> {
        // well-formed
      }
    }
    return Command.newBuilder().setRegisterAsset(register.setAsset(asset));
  }

  private Asset.Builder asset(int number, int content) {
    return Asset.newBuilder()
        .setId("asset-" + number)
        .setName("asset " + number)
        .setType(AssetType.ASSET_TYPE_ROOTFS)
        .setBackend(StorageBackend.STORAGE_BACKEND_LOCAL)
        .setSizeBytes(size(content))
        .setChecksum(checksum(content));
  }

  private void labels(Asset.Builder asset) {
    for (int i = random.nextInt(3); i > 0; i--) {
      asset.putLabels(random.nextBoolean() ? "k" : "l", "v" + random.nextInt(2));
    }
    if (random.nextInt(3) == 0) {
      asset.putLabels("docker_image", image(random.nextInt(BUILDS)));
    }
    if (random.nextInt(6) == 0) {
      asset.putLabels("build_id", buildId());
    }
  }

  private Command.Builder acquire() {
    AcquireAsset.Builder acquire =
        AcquireAsset.newBuilder()
            .setAssetId(assetId())
            .setLeaseId(random.nextInt(40) == 0 ? "" : leaseId())
            .setAcquiredBy(holder());
    if (random.nextInt(3) == 0) {
      acquire.setSessionId(sessionId());
    }
    if (acquire.getSessionId().isEmpty() || random.nextInt(10) == 0) {
      acquire.setTtlSeconds(ttlSeconds());
    }
    return Command.newBuilder().setAcquireAsset(acquire);
  }

  private Command.Builder acquireLeases() {
    AcquireLeases.Builder acquire = AcquireLeases.newBuilder().setAcquiredBy(holder());
    for (int i = 1 + random.nextInt(random.nextInt(8) == 0 ? 1 : 3); i > 0; i--) {
      acquire.addAssetIds(assetId()).addLeaseIds(leaseId());
    }
    if (random.nextInt(30) == 0) {
      acquire.addLeaseIds(leaseId());
    }
    if (random.nextInt(3) == 0) {
      acquire.setSessionId(sessionId());
    }
    if (acquire.getSessionId().isEmpty() || random.nextInt(10) == 0) {
      acquire.setTtlSeconds(ttlSeconds());
    }
    return Command.newBuilder().setAcquireLeases(acquire);
  }

  private Command.Builder release() {
    return Commands.release(leaseId()).toBuilder();
  }

  private Command.Builder renew() {
    RenewLeases.Builder renew = RenewLeases.newBuilder();
    renew.addAllLeaseIds(some(this::leaseId));
    renew.setTtlSeconds(random.nextBoolean() ? 0 : ttlSeconds());
    return Command.newBuilder().setRenewLeases(renew);
  }

  private Command.Builder releaseLeases() {
    ReleaseLeases.Builder release = ReleaseLeases.newBuilder();
    if (random.nextInt(2) == 0) {
      release.addAllLeaseIds(some(this::leaseId));
    }
    if (release.getLeaseIdsCount() == 0 || random.nextInt(15) == 0) {
      release.setAcquiredBy(random.nextInt(10) == 0 ? "" : holder()).setLimit(random.nextInt(4));
    }
    if (random.nextInt(4) == 0) {
      release.setSessionId(sessionId());
    }
    return Command.newBuilder().setReleaseLeases(release);
  }

  private Command.Builder openSession() {
    OpenSession.Builder open =
        OpenSession.newBuilder()
            .setSessionId(random.nextInt(40) == 0 ? "" : sessionId())
            .setHost(random.nextInt(40) == 0 ? "" : "host-" + random.nextInt(2))
            .setTtlMillis(random.nextInt(60_000))
            .setGraceMillis(random.nextInt(20) == 0 ? -1 : random.nextInt(10_000));
    if (random.nextInt(40) == 0) {
      open.setTtlMillis(Long.MAX_VALUE - 5);
    }
    return Command.newBuilder().setOpenSession(open);
  }

  private Command.Builder keepSession() {
    return Command.newBuilder().setKeepSession(KeepSession.newBuilder().setSessionId(sessionId()));
  }

  private Command.Builder closeSession() {
    return Command.newBuilder()
        .setCloseSession(CloseSession.newBuilder().setSessionId(sessionId()));
  }

  private Command.Builder attach() {
    return Command.newBuilder()
        .setAttachLeases(
            AttachLeases.newBuilder()
                .setSessionId(sessionId())
                .addAllLeaseIds(some(this::leaseId)));
  }

  private Command.Builder mark() {
    return Command.newBuilder()
        .setMarkDeleting(
            MarkDeleting.newBuilder()
                .addAllAssetIds(some(this::assetId))
                .setMinIdleSeconds(random.nextInt(3) == 0 ? random.nextInt(400) - 20 : 0)
                .setEndLeases(random.nextInt(3) == 0));
  }

  private Command.Builder reserve() {
    int content = random.nextInt(CONTENTS);
    ReserveBlob.Builder reserve =
        ReserveBlob.newBuilder()
            .setReservationId(random.nextInt(40) == 0 ? "" : reservationId(content))
            .setBackend(StorageBackend.STORAGE_BACKEND_LOCAL)
            .setChecksum(random.nextInt(40) == 0 ? "none" : checksum(content))
            .setSizeBytes(random.nextInt(40) == 0 ? 7 : size(content))
            .setTtlMillis(random.nextInt(20_000));
    return Command.newBuilder().setReserveBlob(reserve);
  }

  private Command.Builder condemn() {
    return Command.newBuilder()
        .setCondemnBlobs(
            CondemnBlobs.newBuilder()
                .setBackendValue(random.nextInt(30) == 0 ? 0 : 1)
                .addAllLocations(some(this::anyLocation)));
  }

  private Command.Builder forget() {
    return Command.newBuilder()
        .setForgetBlobs(
            ForgetBlobs.newBuilder()
                .setBackendValue(random.nextInt(30) == 0 ? 0 : 1)
                .addAllLocations(some(this::anyLocation)));
  }

  private Command.Builder note() {
    return Command.newBuilder()
        .setNoteBlobs(
            NoteBlobs.newBuilder()
                .addAllMissingAssetIds(some(this::assetId))
                .addAllFoundAssetIds(some(this::assetId)));
  }

  private Command.Builder requestBuild() {
    int number = random.nextInt(BUILDS);
    RequestBuild.Builder request =
        RequestBuild.newBuilder()
            .setKey(buildKey(number))
            .setImage(image(number))
            .putBuildLabels("k", "v" + number)
            .putSelector("docker_image", image(random.nextInt(20) == 0 ? 1 - number : number))
            .setTypeValue(random.nextInt(20) == 0 ? 1 : random.nextInt(2) * 2)
            .setSuggestedAssetId(random.nextInt(30) == 0 ? "" : assetId())
            .setTimeoutMillis(random.nextInt(100_000));
    if (random.nextInt(3) == 0) {
      request.putSelector("k", "v" + random.nextInt(2));
    }
    return Command.newBuilder().setRequestBuild(request);
  }

  private Command.Builder advanceBuild() {
    AdvanceBuild.Builder advance =
        AdvanceBuild.newBuilder()
            .setKey(random.nextInt(20) == 0 ? "unknown" : buildKey(random.nextInt(BUILDS)))
            .setAttempt(random.nextInt(4));
    switch (random.nextInt(12)) {
      case 0, 1, 2, 3 -> advance.getStartingBuilder();
      case 4, 5 -> advance.getStartedBuilder().setBuildId(random.nextInt(20) == 0 ? "" : buildId());
      case 6 -> advance.getProgressBuilder().setPercent(random.nextInt(110)).setCurrentStep("s");
      case 7 -> advance.getRetryBuilder().setAfterMillis(random.nextInt(3_000) - 100);
      case 8, 9 -> advance.getCompleteBuilder().setAssetId(assetId());
      case 10 -> advance.getFailBuilder().setKeepMillis(random.nextInt(9_000) - 100).setError("e");
      default -> {
        if (random.nextInt(4) > 0) {
          advance.getStartingBuilder();
        }
      }
    }
    return Command.newBuilder().setAdvanceBuild(advance);
  }

  private Command.Builder openUpload() {
    OpenUpload.Builder open =
        OpenUpload.newBuilder()
            .setUploadId(random.nextInt(40) == 0 ? "" : uploadId())
            .setMetadata(ByteString.copyFromUtf8("m" + random.nextInt(3)))
            .setDirect(random.nextInt(6) == 0)
            .setMaxBytes(random.nextInt(40) == 0 ? -1 : 50 + random.nextInt(100))
            .setTtlMillis(random.nextInt(30) == 0 ? 0 : 1 + random.nextInt(60_000))
            .setDigestState(
                ByteString.copyFrom(new byte[random.nextInt(40) == 0 ? 513 : random.nextInt(3)]));
    switch (random.nextInt(20)) {
      case 0 -> open.setChecksum("none");
      case 1, 2, 3, 4, 5 -> open.setChecksum(checksum(random.nextInt(CONTENTS)));
      default -> {
        // not announced
      }
    }
    return Command.newBuilder().setOpenUpload(open);
  }

  /** Two halves, or all at once; so that the end is often the size of an asset. */
  private Command.Builder appendUpload() {
    int content = random.nextInt(CONTENTS);
    boolean second = random.nextInt(3) == 0;
    long size = second ? size(content) - 50 : random.nextBoolean() ? 50 : size(content);
    AppendUpload.Builder append =
        AppendUpload.newBuilder()
            .setUploadId(uploadId())
            .setOffset(second ? 50 : random.nextInt(20) == 0 ? -1 : 0)
            .setSizeBytes(random.nextInt(40) == 0 ? 0 : size)
            .setPartId(random.nextInt(40) == 0 ? "" : "part-" + random.nextInt(3))
            .setDigestState(ByteString.copyFromUtf8("d" + random.nextInt(9)));
    return Command.newBuilder().setAppendUpload(append);
  }

  private Command.Builder closeUpload() {
    return Command.newBuilder().setCloseUpload(CloseUpload.newBuilder().setUploadId(uploadId()));
  }

  private Command.Builder raise() {
    return Commands.raiseFormatLevel(FormatLevels.HIGHEST - random.nextInt(2)).toBuilder();
  }

  private String uploadId() {
    return "upload-" + random.nextInt(UPLOADS);
  }

  private List<String> some(Supplier<String> id) {
    List<String> ids = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      ids.add(id.get());
    }
    return ids;
  }

  private String assetId() {
    return "asset-" + random.nextInt(ASSETS);
  }

  private String leaseId() {
    return "lease-" + random.nextInt(LEASES);
  }

  private String sessionId() {
    return "session-" + random.nextInt(SESSIONS);
  }

  private String holder() {
    return "vm-" + random.nextInt(3);
  }

  private String reservationId(int content) {
    return "reservation-" + content + "-" + random.nextInt(2);
  }

  private String buildId() {
    return "build-" + random.nextInt(3);
  }

  private static String image(int number) {
    return "image-" + number;
  }

  private static String buildKey(int number) {
    return Integer.toString(number).repeat(64);
  }

  private AssetType type() {
    return random.nextBoolean() ? AssetType.ASSET_TYPE_KERNEL : AssetType.ASSET_TYPE_ROOTFS;
  }

  private long ttlSeconds() {
    int kind = random.nextInt(40);
    return kind == 0 ? Long.MAX_VALUE : kind == 1 ? -1 : random.nextInt(20);
  }

  private static String checksum(int content) {
    return String.valueOf((char) ('a' + content)).repeat(64);
  }

  private static long size(int content) {
    return 100L + content;
  }

  private String anyLocation() {
    int kind = random.nextInt(30);
    return kind == 0
        ? ""
        : kind < 8 ? "outside/" + random.nextInt(5) : location(random.nextInt(CONTENTS));
  }

  private String location(int content) {
    String plain = checksum(content).substring(0, 2) + "/" + checksum(content);
    int number = random.nextInt(6);
    return number < 4 ? plain : plain + "." + (number - 2);
  }

  /** For the replicas this is a place in the log; the registry stays as it is. */
  private Command.Builder checkReplicas() {
    return Command.newBuilder()
        .setCheckReplicas(CheckReplicas.newBuilder().setCheckId("check-" + random.nextInt(3)));
  }

  private Command.Builder noteMember() {
    int node = random.nextInt(20);
    return Command.newBuilder()
        .setNoteMember(NoteMember.newBuilder().setNodeId(node == 0 ? "" : "n" + node));
  }
}
