package dev.assetmanagerd.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.linecorp.armeria.client.ClientFactory;
import com.linecorp.armeria.common.AggregatedHttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.server.Server;
import dev.assetmanagerd.build.BuilderdException.Meaning;
import dev.assetmanagerd.builderd.v1.BuildConfig;
import dev.assetmanagerd.builderd.v1.BuildJob;
import dev.assetmanagerd.builderd.v1.BuildState;
import dev.assetmanagerd.builderd.v1.CreateBuildRequest;
import dev.assetmanagerd.builderd.v1.CreateBuildResponse;
import dev.assetmanagerd.builderd.v1.GetBuildRequest;
import dev.assetmanagerd.builderd.v1.GetBuildResponse;
import io.grpc.Status;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The client against a server on a socket that answers as each test says. */
class BuilderdClientTest {
  private static final BuildConfig CONFIG =
      BuildConfig.newBuilder().setBuildName("b").putLabels("docker_image", "nginx").build();

  private final LinkedBlockingQueue<AggregatedHttpRequest> requests = new LinkedBlockingQueue<>();
  private volatile Function<AggregatedHttpRequest, HttpResponse> answer =
      request -> HttpResponse.of(HttpStatus.NOT_FOUND);
  private Server server = Server.builder().service("/", (c, r) -> HttpResponse.of(200)).build();
  private BuilderdClient client =
      new BuilderdClient(URI.create("http://x"), Duration.ofDays(1), ClientFactory.ofDefault());

  @BeforeEach
  void start() {
    server =
        Server.builder()
            .http(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .service(
                "prefix:/",
                (context, request) ->
                    HttpResponse.of(
                        request
                            .aggregate()
                            .thenApply(
                                whole -> {
                                  requests.add(whole);
                                  return answer.apply(whole);
                                })))
            .build();
    server.start().join();
    client = clientOf("/builder/");
  }

  @AfterEach
  void stop() {
    server.stop().join();
  }

  private BuilderdClient clientOf(String path) {
    URI endpoint = URI.create("http://127.0.0.1:" + server.activeLocalPort() + path);
    return new BuilderdClient(endpoint, Duration.ofSeconds(2), ClientFactory.ofDefault());
  }

  @Test
  void askingForABuildIsAConnectCallWithTheKey() throws Exception {
    CreateBuildResponse created = CreateBuildResponse.newBuilder().setBuildId("b-1").build();
    answer = request -> proto(created.toByteArray());

    assertThat(client.create(CONFIG, "key/1").get(5, TimeUnit.SECONDS)).isEqualTo(created);

    AggregatedHttpRequest request = requests.take();
    assertThat(request.path()).isEqualTo("/builder/deploy.builderd.v1.BuilderService/CreateBuild");
    assertThat(request.headers().get("content-type")).isEqualTo("application/proto");
    assertThat(request.headers().get("connect-protocol-version")).isEqualTo("1");
    assertThat(request.headers().get("connect-timeout-ms")).isEqualTo("2000");
    assertThat(request.headers().get("idempotency-key")).isEqualTo("key/1");
    assertThat(CreateBuildRequest.parseFrom(request.content().array()).getConfig())
        .isEqualTo(CONFIG);
  }

  @Test
  void askingForTheStateOfABuildNamesIt() throws Exception {
    BuildJob job =
        BuildJob.newBuilder()
            .setBuildId("b-1")
            .setState(BuildState.BUILD_STATE_PULLING)
            .setProgressPercent(12)
            .build();
    answer = request -> proto(GetBuildResponse.newBuilder().setBuild(job).build().toByteArray());

    assertThat(client.get("b-1").get(5, TimeUnit.SECONDS)).isEqualTo(job);

    AggregatedHttpRequest request = requests.take();
    assertThat(request.path()).endsWith("BuilderService/GetBuild");
    assertThat(GetBuildRequest.parseFrom(request.content().array()).getBuildId()).isEqualTo("b-1");
  }

  @ParameterizedTest
  @CsvSource({
    "503,unavailable,UNAVAILABLE,NOT_TAKEN",
    "429,resource_exhausted,RESOURCE_EXHAUSTED,NOT_TAKEN",
    "409,aborted,ABORTED,NOT_TAKEN",
    "400,invalid_argument,INVALID_ARGUMENT,REFUSED",
    "400,failed_precondition,FAILED_PRECONDITION,REFUSED",
    "401,unauthenticated,UNAUTHENTICATED,REFUSED",
    "404,not_found,NOT_FOUND,REFUSED",
    "501,unimplemented,UNIMPLEMENTED,REFUSED",
    "500,internal,INTERNAL,UNKNOWN",
    "500,unknown,UNKNOWN,UNKNOWN",
    "504,deadline_exceeded,DEADLINE_EXCEEDED,UNKNOWN",
    "499,canceled,CANCELLED,UNKNOWN",
    "500,no_such_code,UNKNOWN,UNKNOWN"
  })
  void whatBuilderdSaysTellsWhetherItTookTheBuild(
      int httpStatus, String connectCode, Status.Code code, Meaning meaning) {
    answer =
        request ->
            HttpResponse.of(
                HttpStatus.valueOf(httpStatus),
                MediaType.JSON,
                "{\"code\":\"%s\",\"message\":\"no room\\nfor it\"}".formatted(connectCode));

    BuilderdException failure = failureOf(client.create(CONFIG, "k"));

    assertThat(failure.code()).isEqualTo(code);
    assertThat(failure.meaning()).isEqualTo(meaning);
    if (!connectCode.equals("no_such_code")) {
      assertThat(failure).hasMessageEndingWith("no room for it");
    }
  }

  @ParameterizedTest
  @CsvSource({"502,UNKNOWN", "503,UNKNOWN", "500,UNKNOWN", "302,UNKNOWN", "404,REFUSED"})
  void anAnswerOfSomethingElseThanBuilderdIsNoProof(int httpStatus, Meaning meaning) {
    answer =
        request ->
            HttpResponse.of(HttpStatus.valueOf(httpStatus), MediaType.HTML_UTF_8, "<h1>no</h1>");

    BuilderdException failure = failureOf(client.create(CONFIG, "k"));

    assertThat(failure.meaning()).isEqualTo(meaning);
    assertThat(failure).hasMessageContaining(Integer.toString(httpStatus));
  }

  @Test
  void anAnswerThatCannotBeReadLeavesItOpenWhetherTheBuildRuns() {
    answer = request -> proto(new byte[] {1, 2, 3});
    assertThat(failureOf(client.create(CONFIG, "k")).meaning()).isEqualTo(Meaning.UNKNOWN);

    answer = request -> proto(new byte[0]);
    assertThat(failureOf(client.create(CONFIG, "k")).meaning()).isEqualTo(Meaning.UNKNOWN);
  }

  @Test
  void noAnswerInTimeLeavesItOpenWhetherTheBuildRuns() {
    answer = request -> HttpResponse.streaming();

    assertThat(failureOf(client.create(CONFIG, "k")).meaning()).isEqualTo(Meaning.UNKNOWN);
  }

  @Test
  void whereNobodyListensNothingWasTaken() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    BuilderdClient nobody =
        new BuilderdClient(
            URI.create("http://127.0.0.1:" + port),
            Duration.ofSeconds(2),
            ClientFactory.ofDefault());

    BuilderdException failure = failureOf(nobody.create(CONFIG, "k"));

    assertThat(failure.meaning()).isEqualTo(Meaning.NOT_TAKEN);
    assertThat(failure).hasMessageStartingWith("builderd cannot be reached");
  }

  private static HttpResponse proto(byte[] message) {
    return HttpResponse.of(HttpStatus.OK, MediaType.create("application", "proto"), message);
  }

  private static BuilderdException failureOf(CompletableFuture<?> call) {
    return BuilderdErrors.withoutAnswer(
        catchThrowableOfType(CompletionException.class, call::join));
  }
}
