package dev.assetmanagerd.clustertests;

import static dev.assetmanagerd.clustertests.CacheProbe.sha256;
import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc.AssetManagerServiceBlockingStub;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.GetAssetRequest;
import dev.assetmanagerd.api.v1.ListAssetsRequest;
import dev.assetmanagerd.api.v1.PrepareAssetsRequest;
import dev.assetmanagerd.api.v1.RegisterAssetRequest;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.clustertests.client.CallFailedException;
import dev.assetmanagerd.clustertests.client.RandomContent;
import dev.assetmanagerd.clustertests.client.Uploads;
import dev.assetmanagerd.s3server.Fault;
import dev.assetmanagerd.s3server.FaultProxy;
import dev.assetmanagerd.s3server.S3Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A node whose object store, or the line to it, misbehaves in every way: what it says is right or
 * an error in time, whatever is asked.
 */
@Tag("cluster")
@Timeout(180)
final class BrokenObjectStoreTest {
  private static final int SIZE = 300_000;
  private static final Duration DEADLINE = Duration.ofSeconds(8);
  private static final Duration GRACE = Duration.ofSeconds(2);
  private static final Set<Status.Code> HONEST =
      Set.of(Status.Code.UNAVAILABLE, Status.Code.DATA_LOSS, Status.Code.DEADLINE_EXCEEDED);

  /** The others can be lived with: reading goes on behind the last byte that came. */
  private static final Set<String> INSURMOUNTABLE =
      Set.of("500", "503", "flipped", "slow", "black-hole");

  private static final Map<String, Fault> FAULTS = new LinkedHashMap<>();

  static {
    FAULTS.put("500", new Fault.Status(500));
    FAULTS.put("503", new Fault.Status(503));
    FAULTS.put("reset", new Fault.ResetResponse(SIZE / 2));
    FAULTS.put("reset-request", new Fault.ResetRequest(SIZE / 2));
    FAULTS.put("truncated", new Fault.TruncateResponse(SIZE / 2));
    FAULTS.put("flipped", new Fault.FlipResponse(SIZE / 2));
    FAULTS.put("flipped-request", new Fault.FlipRequest(SIZE / 2));
    FAULTS.put("lost-answers", new Fault.LostAnswer());
    FAULTS.put("slow", new Fault.Slow(10_000));
    FAULTS.put("black-hole", new Fault.BlackHole());
  }

  @RegisterExtension final Clusters clusters = new Clusters();

  private final HttpClient http = HttpClient.newHttpClient();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final S3Server server = S3Server.shared();

  @SuppressWarnings("NullAway.Init") // set by the test
  private String bucket;

  @SuppressWarnings("NullAway.Init")
  private Node node;

  @SuppressWarnings("NullAway.Init")
  private Path jails;

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  @Test
  void whateverTheStoreDoesAnswersAreRightOrErrorsInTimeAndWorkAgainAfterwards() throws Exception {
    bucket = server.newBucket();
    try (FaultProxy proxy = FaultProxy.start(server.endpoint())) {
      start(proxy);
      List<Scene> scenes = new ArrayList<>();
      for (Map.Entry<String, Fault> fault : FAULTS.entrySet()) {
        scenes.add(new Scene(fault.getKey(), fault.getValue(), 10 * scenes.size()));
      }
      for (Scene scene : scenes) {
        scene.setUp();
      }
      for (Scene scene : scenes) {
        proxy.inject(scene.fault);
        List<String> faulty = scene.callAll();
        proxy.heal();
        proxy.cut();
        List<String> healed = scene.callAll();
        System.out.println(scene.name + ": " + faulty + ", then " + healed);
        if (INSURMOUNTABLE.contains(scene.name)) {
          assertThat(faulty).as(scene.name).anyMatch(said -> !said.equals("OK"));
        }
        assertThat(healed).as("after %s", scene.name).containsOnly("OK");
      }
    }
    everyAssetHasTheBytesOfItsDigest();
  }

  private void start(FaultProxy proxy) {
    TestCluster cluster =
        clusters.start(
            1,
            options ->
                options
                    .with("STORAGE_BACKEND", "s3")
                    .with("S3_BUCKET", bucket)
                    .with("S3_ENDPOINT", proxy.endpoint().toString())
                    .with("S3_ACCESS_KEY_ID", "key")
                    .with("S3_SECRET_ACCESS_KEY", "secret")
                    .with("STORAGE_TIMEOUT", "12s")
                    .with("DOWNLOAD_TIMEOUT", "5s"));
    node = cluster.leader();
    jails = cluster.jailerDirectory();
  }

  /** One fault, and the assets that meet it. */
  private final class Scene {
    private final String name;
    private final Fault fault;
    private final RandomContent wanted;
    private final RandomContent placed;
    private final RandomContent planted;
    private final RandomContent uploaded;

    Scene(String name, Fault fault, int seed) {
      this.name = name;
      this.fault = fault;
      this.wanted = new RandomContent(seed, SIZE);
      this.placed = new RandomContent(seed + 1, SIZE);
      this.planted = new RandomContent(seed + 2, SIZE);
      this.uploaded = new RandomContent(seed + 3, SIZE);
    }

    /** What the fault does not harm: it is there before. */
    void setUp() throws Exception {
      var unusedWanted = upload("wanted-" + name, wanted);
      var unusedPlaced = upload("placed-" + name, placed);
      HttpRequest put =
          HttpRequest.newBuilder(server.endpoint().resolve("/" + bucket + "/planted-" + name))
              .PUT(HttpRequest.BodyPublishers.ofByteArray(planted.open().readAllBytes()))
              .build();
      assertThat(http.send(put, BodyHandlers.discarding()).statusCode()).isEqualTo(200);
    }

    /** Makes all four calls at a time; how each ended. */
    List<String> callAll() throws Exception {
      List<Future<String>> calls =
          List.of(
              threads.submit(() -> ending("UploadAsset", this::uploadOnce)),
              threads.submit(() -> ending("GetAsset", this::get)),
              threads.submit(() -> ending("PrepareAssets", this::prepare)),
              threads.submit(() -> ending("RegisterAsset", this::register)));
      List<String> endings = new ArrayList<>();
      for (Future<String> call : calls) {
        endings.add(call.get(60, TimeUnit.SECONDS));
      }
      return endings;
    }

    private String ending(String what, ThrowingCall call) throws Exception {
      long start = System.nanoTime();
      String said = "OK";
      try {
        call.run();
      } catch (StatusRuntimeException e) {
        if (!isOtherChecksum(what, e)) {
          assertThat(e.getStatus().getCode()).as("%s, %s: %s", name, what, e).isIn(HONEST);
        }
        said = e.getStatus().getCode().name();
      } catch (CallFailedException e) {
        said = e.code().toUpperCase(Locale.ROOT);
        assertThat(Status.Code.valueOf(said)).as("%s, %s: %s", name, what, e).isIn(HONEST);
      }
      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .as("%s, %s", name, what)
          .isLessThan(DEADLINE.plus(GRACE));
      return said;
    }

    /** From the bytes that came, nobody can tell whether the store or the caller is wrong. */
    private boolean isOtherChecksum(String what, StatusRuntimeException e) {
      return fault instanceof Fault.FlipResponse
          && what.equals("RegisterAsset")
          && e.getStatus().getCode() == Status.Code.FAILED_PRECONDITION
          && String.valueOf(e.getMessage()).contains("checksum: is " + planted.sha256());
    }

    private void uploadOnce() throws Exception {
      Asset asset = upload("uploaded-" + name, uploaded);
      assertThat(asset.getChecksum()).isEqualTo(uploaded.sha256());
      assertThat(inBucket(asset.getLocation())).isEqualTo(uploaded.sha256());
    }

    private void get() throws Exception {
      String path =
          stub()
              .getAsset(
                  GetAssetRequest.newBuilder().setId("wanted-" + name).setEnsureLocal(true).build())
              .getLocalPath();
      assertThat(sha256(Path.of(path))).as("what GetAsset names").isEqualTo(wanted.sha256());
    }

    private void prepare() throws Exception {
      String id = "placed-" + name;
      String path =
          stub()
              .prepareAssets(
                  PrepareAssetsRequest.newBuilder()
                      .addAssetIds(id)
                      .setTargetPath(jails.resolve(name).toString())
                      .setPreparedFor(name)
                      .build())
              .getAssetPathsOrThrow(id);
      assertThat(sha256(Path.of(path))).as("what is prepared").isEqualTo(placed.sha256());
    }

    private void register() throws Exception {
      Asset asset =
          stub()
              .registerAsset(
                  RegisterAssetRequest.newBuilder()
                      .setId("planted-" + name)
                      .setName(name)
                      .setType(AssetType.ASSET_TYPE_ROOTFS)
                      .setBackend(StorageBackend.STORAGE_BACKEND_S3)
                      .setLocation("planted-" + name)
                      .setChecksum(planted.sha256())
                      .setSizeBytes(SIZE)
                      .build())
              .getAsset();
      assertThat(asset.getChecksum()).isEqualTo(planted.sha256());
    }
  }

  private interface ThrowingCall {
    void run() throws Exception;
  }

  /** Read past the proxy. */
  private void everyAssetHasTheBytesOfItsDigest() throws Exception {
    List<Asset> assets =
        stub().listAssets(ListAssetsRequest.newBuilder().setPageSize(1000).build()).getAssetsList();
    assertThat(assets).hasSize(4 * FAULTS.size());
    for (Asset asset : assets) {
      assertThat(asset.getStatus()).isEqualTo(AssetStatus.ASSET_STATUS_AVAILABLE);
      assertThat(inBucket(asset.getLocation())).as("%s", asset).isEqualTo(asset.getChecksum());
    }
  }

  private String inBucket(String location) throws Exception {
    HttpRequest get =
        HttpRequest.newBuilder(server.endpoint().resolve("/" + bucket + "/" + location)).build();
    byte[] body = http.send(get, BodyHandlers.ofByteArray()).body();
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(body));
  }

  private Asset upload(String id, RandomContent content) throws CallFailedException {
    UploadAssetMetadata metadata =
        UploadAssetMetadata.newBuilder()
            .setId(id)
            .setName(id)
            .setType(AssetType.ASSET_TYPE_ROOTFS)
            .build();
    return Uploads.overGrpc(node.channel(), metadata, content.open(), DEADLINE);
  }

  private AssetManagerServiceBlockingStub stub() {
    return AssetManagerServiceGrpc.newBlockingStub(node.channel())
        .withDeadlineAfter(DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
  }
}
