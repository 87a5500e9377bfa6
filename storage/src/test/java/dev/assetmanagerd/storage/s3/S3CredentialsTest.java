package dev.assetmanagerd.storage.s3;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;

/** Where keys come from that are not configured. */
@Timeout(60)
@ResourceLock(Resources.SYSTEM_PROPERTIES)
class S3CredentialsTest {
  /** An answer of AssumeRoleWithWebIdentity in the form of its reference. */
  private static final String ROLE =
      """
      <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
        <AssumeRoleWithWebIdentityResult>
          <Credentials>
            <AccessKeyId>key-of-the-role</AccessKeyId>
            <SecretAccessKey>secret-of-the-role</SecretAccessKey>
            <SessionToken>token-of-the-role</SessionToken>
            <Expiration>2100-01-01T00:00:00Z</Expiration>
          </Credentials>
        </AssumeRoleWithWebIdentityResult>
      </AssumeRoleWithWebIdentityResponse>
      """;

  @TempDir private Path temp;
  private final ConcurrentLinkedQueue<String> requests = new ConcurrentLinkedQueue<>();

  @SuppressWarnings("NullAway.Init") // set before each test
  private HttpServer tokens;

  @BeforeEach
  void startTokenService() throws IOException {
    tokens = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    tokens.createContext(
        "/",
        exchange -> {
          requests.add(new String(exchange.getRequestBody().readAllBytes(), UTF_8));
          byte[] answer = ROLE.getBytes(UTF_8);
          exchange.sendResponseHeaders(200, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    tokens.start();
  }

  @AfterEach
  void stopTokenService() {
    tokens.stop(0);
  }

  @Test
  void aRoleIsAssumedThroughAWebIdentityToken() throws IOException {
    Path token = Files.writeString(temp.resolve("token"), "token-of-the-host");
    Map<String, String> settings =
        Map.of(
            "aws.webIdentityTokenFile",
            token.toString(),
            "aws.roleArn",
            "arn:aws:iam::123456789012:role/assets",
            "aws.region",
            "eu-central-1",
            "aws.endpointUrlSts",
            "http://127.0.0.1:" + tokens.getAddress().getPort());
    settings.forEach(System::setProperty);
    try {
      AwsCredentials found =
          (AwsCredentials)
              S3Clients.credentials(new S3Credentials.DefaultChain()).resolveIdentity().join();

      assertThat(found).isInstanceOf(AwsSessionCredentials.class);
      assertThat(found.accessKeyId()).isEqualTo("key-of-the-role");
      assertThat(requests)
          .singleElement()
          .asString()
          .contains("Action=AssumeRoleWithWebIdentity", "token-of-the-host");
    } finally {
      settings.keySet().forEach(System::clearProperty);
    }
  }
}
