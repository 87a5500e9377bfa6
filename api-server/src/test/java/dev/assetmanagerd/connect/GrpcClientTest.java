package dev.assetmanagerd.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import dev.assetmanagerd.connect.testing.v1.Chunk;
import dev.assetmanagerd.connect.testing.v1.DownloadRequest;
import dev.assetmanagerd.connect.testing.v1.Probe;
import dev.assetmanagerd.connect.testing.v1.ProbeServiceGrpc;
import dev.assetmanagerd.connect.testing.v1.Receipt;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.StatusProto;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What grpc-java's own client gets from the server. */
class GrpcClientTest {
  private final ProbeServer server = ProbeServer.start();
  private final ManagedChannel channel = server.channel();
  private final ProbeServiceGrpc.ProbeServiceBlockingStub stub =
      ProbeServiceGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);

  @AfterEach
  void stop() {
    channel.shutdownNow();
    server.close();
  }

  @Test
  void aUnaryCallCarriesMetadataBothWays() {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of("x-ask", Metadata.ASCII_STRING_MARSHALLER), "seven");
    AtomicReference<Metadata> responseHeaders = new AtomicReference<>();
    AtomicReference<Metadata> trailers = new AtomicReference<>();
    Probe probe = Probe.newBuilder().setText("hi").build();

    Probe echoed =
        stub.withInterceptors(
                MetadataUtils.newAttachHeadersInterceptor(headers),
                MetadataUtils.newCaptureMetadataInterceptor(responseHeaders, trailers))
            .echo(probe);

    assertThat(echoed).isEqualTo(probe);
    assertThat(value(responseHeaders.get(), "x-answer")).isEqualTo("seven");
    assertThat(value(responseHeaders.get(), "x-peer")).endsWith(" grpc");
    assertThat(value(trailers.get(), "x-last")).isEqualTo("seven");
  }

  @Test
  void anErrorHasItsCodeMessageAndDetails() throws Exception {
    Probe probe = Probe.newBuilder().setText("x").setOrder(ProbeService.FAIL).build();

    StatusRuntimeException thrown =
        catchThrowableOfType(StatusRuntimeException.class, () -> stub.echo(probe));

    assertThat(thrown.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(thrown.getStatus().getDescription()).isEqualTo("no probe \"x\" – 100 %");
    com.google.rpc.Status status = StatusProto.fromThrowable(thrown);
    assertThat(status).isNotNull();
    assertThat(status.getDetailsList())
        .containsExactly(Any.pack(Probe.newBuilder().setText("detail").build()));
  }

  @Test
  void compressedMessagesAreReadAndSent() {
    Probe probe = Probe.newBuilder().setOrder(ProbeService.TALK).build();

    assertThat(stub.withCompression("gzip").echo(probe).getText()).hasSize(500_000);
  }

  @Test
  void aPassedDeadlineReachesTheHandler() {
    Probe probe = Probe.newBuilder().setOrder(ProbeService.HANG).build();

    // On a busy machine the deadline may pass before the handler is reached, so it is tried again.
    await()
        .atMost(Duration.ofSeconds(30))
        .until(
            () -> {
              assertThatThrownBy(
                      () -> stub.withDeadlineAfter(500, TimeUnit.MILLISECONDS).echo(probe))
                  .hasMessageContaining("DEADLINE_EXCEEDED");
              return server.service.hangingCallCancelled.isDone();
            });
  }

  @Test
  void aServerMayBoundTheLifeOfEveryCall() {
    try (ProbeServer bounded =
        ProbeServer.start(options -> options.maxTimeout(Duration.ofMillis(200)))) {
      ManagedChannel other = bounded.channel();
      try {
        assertThatThrownBy(
                () ->
                    ProbeServiceGrpc.newBlockingStub(other)
                        .echo(Probe.newBuilder().setOrder(ProbeService.HANG).build()))
            .hasMessageContaining("DEADLINE_EXCEEDED");
      } finally {
        other.shutdownNow();
      }
    }
  }

  @Test
  void anUnknownMethodIsUnimplemented() {
    MethodDescriptor<Probe, Probe> unknown =
        ProbeServiceGrpc.getEchoMethod().toBuilder()
            .setFullMethodName("connect.test.v1.ProbeService/NoSuchMethod")
            .build();

    assertThatThrownBy(
            () ->
                ClientCalls.blockingUnaryCall(
                    channel, unknown, stub.getCallOptions(), Probe.getDefaultInstance()))
        .hasMessageContaining("UNIMPLEMENTED")
        .hasMessageContaining("NoSuchMethod");
  }

  @Test
  void aClientIsHeldBackWhileTheHandlerIsBusy() throws Exception {
    int chunks = 1024;
    Upload upload = new Upload(chunks);
    StreamObserver<Chunk> unused = ProbeServiceGrpc.newStub(channel).upload(upload);

    await().until(() -> server.service.bytesReceived.get() > 0);
    await()
        .pollInterval(Duration.ofMillis(500))
        .until(() -> upload.before.getAndSet(upload.sent.get()) == upload.sent.get());
    assertThat(upload.sent.get()).isLessThan(128);

    server.service.uploadGate.complete(null);
    assertThat(upload.receipt.get(60, TimeUnit.SECONDS))
        .isEqualTo(Receipt.newBuilder().setChunks(chunks).setSizeBytes(chunks * 65536L).build());
  }

  /** What a refused client had sent must not count against the connection's window for ever. */
  @Test
  void manyRefusedUploadsLeaveTheConnectionUsable() throws Exception {
    server.service.uploadGate.complete(null);
    for (int i = 0; i < 50; i++) {
      Upload refused = new Upload(64, ProbeService.REFUSED);
      StreamObserver<Chunk> unused = ProbeServiceGrpc.newStub(channel).upload(refused);
      assertThatThrownBy(() -> refused.receipt.get(30, TimeUnit.SECONDS))
          .hasMessageContaining("ALREADY_EXISTS");
    }

    Upload upload = new Upload(256);
    StreamObserver<Chunk> unused = ProbeServiceGrpc.newStub(channel).upload(upload);

    assertThat(upload.receipt.get(60, TimeUnit.SECONDS).getChunks()).isEqualTo(256);
  }

  @Test
  void aStreamOfResponsesArrivesWhole() {
    Iterator<Chunk> chunks =
        stub.download(DownloadRequest.newBuilder().setChunks(200).setChunkBytes(10_000).build());
    List<Integer> sizes = new ArrayList<>();
    chunks.forEachRemaining(chunk -> sizes.add(chunk.getData().size()));

    assertThat(sizes).isEqualTo(Collections.nCopies(200, 10_000));
  }

  @Test
  void aConversationIsAnsweredMessageByMessage() {
    Answers<Chunk> answers = new Answers<>();
    StreamObserver<Chunk> questions = ProbeServiceGrpc.newStub(channel).chat(answers);
    for (int i = 1; i <= 3; i++) {
      questions.onNext(Chunk.newBuilder().setData(ByteString.copyFrom(new byte[i])).build());
      int expected = i;
      await().until(() -> answers.received.size() == expected);
    }
    questions.onCompleted();

    await().until(answers.ended::isDone);
    assertThat(answers.received.get(2).getData().size()).isEqualTo(3);
  }

  @Test
  void healthIsWhatItsOwnerSays() {
    HealthGrpc.HealthBlockingStub health = HealthGrpc.newBlockingStub(channel);
    HealthCheckRequest whole = HealthCheckRequest.getDefaultInstance();
    assertThat(health.check(whole).getStatus()).isEqualTo(ServingStatus.SERVING);

    server.rpc.health().setStatus("", ServingStatus.NOT_SERVING);

    assertThat(health.check(whole).getStatus()).isEqualTo(ServingStatus.NOT_SERVING);
  }

  @Test
  void aWatchOfTheHealthDoesNotHoldUpAStop() throws Exception {
    Answers<HealthCheckResponse> watch = new Answers<>();
    HealthGrpc.newStub(channel).watch(HealthCheckRequest.getDefaultInstance(), watch);
    await().until(() -> !watch.received.isEmpty());

    server.stop().get(10, TimeUnit.SECONDS);

    assertThatThrownBy(() -> watch.ended.get(10, TimeUnit.SECONDS))
        .hasMessageContaining("UNAVAILABLE");
  }

  @Test
  void reflectionListsEveryService() {
    Answers<ServerReflectionResponse> answers = new Answers<>();
    StreamObserver<ServerReflectionRequest> questions =
        ServerReflectionGrpc.newStub(channel).serverReflectionInfo(answers);

    questions.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());

    await().until(() -> !answers.received.isEmpty());
    assertThat(answers.received.get(0).getListServicesResponse().getServiceList())
        .extracting("name")
        .containsExactlyInAnyOrder(
            "connect.test.v1.ProbeService",
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection");
    questions.onCompleted();
    await().until(answers.ended::isDone);
  }

  private static @Nullable String value(@Nullable Metadata metadata, String name) {
    return metadata == null
        ? null
        : metadata.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
  }

  /** Collects what comes. */
  private static final class Answers<T> implements StreamObserver<T> {
    final List<T> received = Collections.synchronizedList(new ArrayList<>());
    final CompletableFuture<Void> ended = new CompletableFuture<>();

    @Override
    public void onNext(T value) {
      received.add(value);
    }

    @Override
    public void onError(Throwable cause) {
      ended.completeExceptionally(cause);
    }

    @Override
    public void onCompleted() {
      ended.complete(null);
    }
  }

  /** Sends chunks of 64 KiB whenever the channel takes one. */
  private static final class Upload implements ClientResponseObserver<Chunk, Receipt> {
    private static final Chunk CHUNK =
        Chunk.newBuilder().setData(ByteString.copyFrom(new byte[65536])).build();

    final AtomicLong sent = new AtomicLong();
    final AtomicLong before = new AtomicLong();
    final CompletableFuture<Receipt> receipt = new CompletableFuture<>();
    private final int chunks;
    private final Chunk first;

    Upload(int chunks) {
      this(chunks, CHUNK.getData());
    }

    Upload(int chunks, ByteString first) {
      this.chunks = chunks;
      this.first = Chunk.newBuilder().setData(first).build();
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<Chunk> requests) {
      requests.setOnReadyHandler(
          () -> {
            while (requests.isReady() && sent.get() < chunks) {
              requests.onNext(sent.get() == 0 ? first : CHUNK);
              if (sent.incrementAndGet() == chunks) {
                requests.onCompleted();
              }
            }
          });
    }

    @Override
    public void onNext(Receipt value) {
      receipt.complete(value);
    }

    @Override
    public void onError(Throwable cause) {
      receipt.completeExceptionally(cause);
    }

    @Override
    public void onCompleted() {
      // The receipt has said it.
    }
  }
}
