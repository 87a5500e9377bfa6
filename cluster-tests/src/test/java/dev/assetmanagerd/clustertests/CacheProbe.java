package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc.AssetManagerServiceBlockingStub;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.GetAssetRequest;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.clustertests.client.CallFailedException;
import dev.assetmanagerd.clustertests.client.RandomContent;
import dev.assetmanagerd.clustertests.client.Uploads;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What tests of bytes on hosts ask nodes, and do to files. */
final class CacheProbe {
  static final Duration CALL_MAX = Duration.ofSeconds(30);

  private static final Duration SCRAPE_MAX = Duration.ofSeconds(10);
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private CacheProbe() {}

  static ClusterOptions onNfs(ClusterOptions options) {
    return options
        .with("STORAGE_BACKEND", "nfs")
        .with("NFS_REQUIRE_MOUNT", "false")
        .with("NFS_PATH", options.directory().resolve("blobs").toString());
  }

  static AssetManagerServiceBlockingStub stub(Node node) {
    return AssetManagerServiceGrpc.newBlockingStub(node.channel())
        .withDeadlineAfter(CALL_MAX.toSeconds(), TimeUnit.SECONDS);
  }

  static Asset upload(Node node, String id, RandomContent content) throws CallFailedException {
    UploadAssetMetadata metadata =
        UploadAssetMetadata.newBuilder()
            .setId(id)
            .setName(id)
            .setType(AssetType.ASSET_TYPE_ROOTFS)
            .build();
    return Uploads.overGrpc(node.channel(), metadata, content.open(), CALL_MAX);
  }

  static String localPath(Node node, String id) {
    return stub(node)
        .getAsset(GetAssetRequest.newBuilder().setId(id).setEnsureLocal(true).build())
        .getLocalPath();
  }

  static long received(Node node, String source) throws Exception {
    return metric(node, "assetmanager_cache_received_bytes_total{source=\"" + source + "\"}");
  }

  static long metric(Node node, String name) throws Exception {
    String page =
        HTTP.send(
                HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + node.metricsPort() + "/metrics"))
                    .timeout(SCRAPE_MAX)
                    .build(),
                BodyHandlers.ofString())
            .body();
    Matcher line =
        Pattern.compile("^" + Pattern.quote(name) + " (\\S+)$", Pattern.MULTILINE).matcher(page);
    assertThat(line.find()).as("%s in %s", name, page).isTrue();
    return Math.round(Double.parseDouble(line.group(1)));
  }

  /** Somebody wrote to it. */
  static void corrupt(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    Files.write(file, bytes);
  }

  /** As a disk does it: the file's time stays what it was. */
  static void rot(Path file) throws IOException {
    FileTime time = Files.getLastModifiedTime(file);
    corrupt(file);
    Files.setLastModifiedTime(file, time);
  }

  static String sha256(Path file) throws Exception {
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
    return HexFormat.of().formatHex(digest);
  }
}
