package dev.assetmanagerd.storage.s3;

import java.time.Duration;
import java.util.Set;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.StandardRetryStrategy;
import software.amazon.awssdk.retries.api.BackoffStrategy;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3AsyncClientBuilder;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;

/** Sets up the SDK's clients. */
final class S3Clients {
  /** As many as the largest configured cache reads ranges at a time, and as many for all else. */
  private static final int MAX_CONNECTIONS = 512;

  private static final int MAX_WAITING_FOR_CONNECTION = 1024;
  private static final int MAX_ATTEMPTS = 4;
  private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  /**
   * The server has seen other bytes than were digested: the line's fault, or the server's. Not all
   * say so in so many words.
   */
  private static final Set<String> DAMAGED_ON_THE_WAY =
      Set.of("BadDigest", "BadRequest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch");

  private S3Clients() {}

  static AwsCredentialsProvider credentials(S3Credentials credentials) {
    if (credentials instanceof S3Credentials.Key key) {
      return StaticCredentialsProvider.create(
          AwsBasicCredentials.create(key.accessKeyId(), key.secretAccessKey()));
    }
    return DefaultCredentialsProvider.builder().build();
  }

  static SdkAsyncHttpClient http(S3Options options) {
    return NettyNioAsyncHttpClient.builder()
        .maxConcurrency(MAX_CONNECTIONS)
        .maxPendingConnectionAcquires(MAX_WAITING_FOR_CONNECTION)
        .connectionTimeout(options.timeout().dividedBy(3))
        .connectionAcquisitionTimeout(options.timeout().dividedBy(3))
        .readTimeout(options.timeout())
        .writeTimeout(options.timeout())
        .tcpKeepAlive(true)
        .build();
  }

  static S3AsyncClient client(
      S3Options options, AwsCredentialsProvider credentials, SdkAsyncHttpClient http) {
    S3AsyncClientBuilder builder =
        S3AsyncClient.builder()
            .httpClient(http)
            .credentialsProvider(credentials)
            .region(Region.of(options.region()))
            .forcePathStyle(options.pathStyle())
            .serviceConfiguration(s3 -> s3.chunkedEncodingEnabled(options.chunkedEncoding()))
            // What is sent carries the digests that we give; what comes is digested by its reader,
            // since the store has none of a part.
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
            .overrideConfiguration(config -> config.retryStrategy(retries()));
    options.endpoint().ifPresent(builder::endpointOverride);
    return builder.build();
  }

  static S3Presigner presigner(S3Options options, AwsCredentialsProvider credentials) {
    S3Presigner.Builder builder =
        S3Presigner.builder()
            .credentialsProvider(credentials)
            .region(Region.of(options.region()))
            .serviceConfiguration(
                S3Configuration.builder()
                    .pathStyleAccessEnabled(options.pathStyle())
                    .chunkedEncodingEnabled(options.chunkedEncoding())
                    .build());
    options.endpoint().ifPresent(builder::endpointOverride);
    return builder.build();
  }

  /** Pauses are random, up to a limit that doubles. */
  private static StandardRetryStrategy retries() {
    return AwsRetryStrategy.standardRetryStrategy().toBuilder()
        .maxAttempts(MAX_ATTEMPTS)
        .backoffStrategy(BackoffStrategy.exponentialDelay(FIRST_PAUSE, LONGEST_PAUSE))
        .throttlingBackoffStrategy(BackoffStrategy.exponentialDelay(FIRST_PAUSE, LONGEST_PAUSE))
        .retryOnException(
            failure ->
                failure instanceof AwsServiceException answer
                    && DAMAGED_ON_THE_WAY.contains(S3Errors.code(answer)))
        .build();
  }
}
