package dev.assetmanagerd.clustertests.bench;

import dev.assetmanagerd.clustertests.ProcessMemory;
import dev.assetmanagerd.clustertests.client.RandomContent;
import dev.assetmanagerd.s3server.S3Server;
import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.storage.s3.S3BlobStore;
import dev.assetmanagerd.storage.s3.S3Checksums;
import dev.assetmanagerd.storage.s3.S3Credentials;
import dev.assetmanagerd.storage.s3.S3Options;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3AsyncClient;

/** One large object to and from an S3 server on this machine, by several means in turns. */
final class S3Bench {
  private static final double MIB = 1 << 20;
  private static final int RANGES = 4;
  private static final StaticCredentialsProvider CREDENTIALS =
      StaticCredentialsProvider.create(AwsBasicCredentials.create("key", "secret"));

  /** What one contender was measured at, round by round. */
  private record Series(List<Double> up, List<Double> down, List<Double> peakMib) {
    Series() {
      this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    }
  }

  private final BenchOptions options;
  private final Report report;

  S3Bench(BenchOptions options, Report report) {
    this.options = options;
    this.report = report;
  }

  void run() throws IOException {
    report.heading("A blob of " + (options.uploadBytes() >> 20) + " MiB to and from S3");
    Path directory = Files.createDirectories(options.directory().resolve("s3"));
    Path file = directory.resolve("content");
    try (InputStream bytes = new RandomContent(6, options.uploadBytes()).open()) {
      Files.copy(bytes, file, StandardCopyOption.REPLACE_EXISTING);
    }
    Hashing.Content content = Hashing.sha256(file);
    try (S3Server server = S3Server.start(List.of("-Xmx1g"))) {
      String bucket = server.newBucket();
      List<S3Contender> contenders = new ArrayList<>();
      contenders.add(
          new OurStore(S3BlobStore.open(storeOptions(server, bucket, directory)), content, RANGES));
      contenders.add(new SdkTransfers("transfer manager, Netty", netty(server), bucket));
      crt(server)
          .ifPresent(c -> contenders.add(new SdkTransfers("transfer manager, CRT", c, bucket)));
      contenders.add(
          new CurlTransfers(
              server.endpoint().resolve("/" + bucket + "/"), directory.resolve("curl.log")));
      measure(contenders, file, content);
    } finally {
      Files.delete(file);
    }
  }

  private void measure(List<S3Contender> contenders, Path file, Hashing.Content content)
      throws IOException {
    Map<String, Series> all = new LinkedHashMap<>();
    contenders.forEach(contender -> all.put(contender.name(), new Series()));
    for (int round = 0; round <= options.rounds(); round++) {
      for (S3Contender contender : contenders) {
        Series series =
            round == 0 ? new Series() : all.getOrDefault(contender.name(), new Series());
        turn(contender, file, content, series); // the first round warms up and does not count
      }
    }
    Series ours = all.values().iterator().next();
    List<List<String>> rows = new ArrayList<>();
    all.forEach(
        (name, series) ->
            rows.add(
                List.of(
                    name,
                    new Spread(series.up()).text("%.0f"),
                    new Spread(ours.up()).over(new Spread(series.up())).text("%.2f"),
                    new Spread(series.down()).text("%.0f"),
                    new Spread(ours.down()).over(new Spread(series.down())).text("%.2f"),
                    name.equals("curl") ? "" : new Spread(series.peakMib()).text("%.0f"))));
    report.table(
        List.of(
            "by",
            "up, MiB/s",
            "assetmanagerd's × this",
            "down, MiB/s",
            "assetmanagerd's × this",
            "peak RSS of the client's JVM, MiB"),
        rows);
  }

  private void turn(S3Contender contender, Path file, Hashing.Content content, Series series)
      throws IOException {
    ProcessMemory memory = new ProcessMemory(ProcessHandle.current().pid());
    System.gc(); // what the others have left on the heap is not this one's
    memory.resetPeak();
    Path target = file.resolveSibling("downloaded");
    try {
      series.up().add(mibPerSecond(() -> contender.upload(file)));
      series.down().add(mibPerSecond(() -> contender.download(target)));
      series.peakMib().add(memory.peakResidentBytes() / MIB);
      if (!Hashing.sha256(target).equals(content)) {
        throw new IllegalStateException(contender.name() + " brought other bytes");
      }
    } finally {
      Files.deleteIfExists(target);
      contender.delete();
    }
  }

  private interface IoTask {
    void run() throws IOException;
  }

  private double mibPerSecond(IoTask task) throws IOException {
    long begin = System.nanoTime();
    task.run();
    return options.uploadBytes() / MIB / ((System.nanoTime() - begin) / 1e9);
  }

  private static S3Options storeOptions(S3Server server, String bucket, Path directory) {
    return new S3Options(
        bucket,
        "us-east-1",
        Optional.of(server.endpoint()),
        true,
        "",
        new S3Credentials.Key("key", "secret"),
        S3Checksums.WHEN_SUPPORTED,
        true,
        16L << 20,
        RANGES,
        Duration.ofSeconds(60),
        1 << 20,
        directory.resolve("spool"),
        "bench");
  }

  private static S3AsyncClient netty(S3Server server) {
    return S3AsyncClient.builder()
        .endpointOverride(server.endpoint())
        .forcePathStyle(true)
        .region(Region.US_EAST_1)
        .credentialsProvider(CREDENTIALS)
        .multipartEnabled(true)
        .multipartConfiguration(config -> config.minimumPartSizeInBytes(16L << 20))
        .build();
  }

  /** Only where its native library is there: it is no dependency, for its size. */
  private static Optional<S3AsyncClient> crt(S3Server server) {
    try {
      Class.forName("software.amazon.awssdk.crt.CRT");
    } catch (ClassNotFoundException e) {
      return Optional.empty();
    }
    return Optional.of(
        S3AsyncClient.crtBuilder()
            .endpointOverride(server.endpoint())
            .forcePathStyle(true)
            .region(Region.US_EAST_1)
            .credentialsProvider(CREDENTIALS)
            .minimumPartSizeInBytes(16L << 20)
            .build());
  }
}
