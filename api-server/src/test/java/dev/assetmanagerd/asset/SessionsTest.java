package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.fields;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.AcquireAssetResponse;
import dev.assetmanagerd.lease.v1.AcquireLeasesRequest;
import dev.assetmanagerd.lease.v1.AttachLeasesRequest;
import dev.assetmanagerd.lease.v1.AttachLeasesResponse;
import dev.assetmanagerd.lease.v1.CloseSessionRequest;
import dev.assetmanagerd.lease.v1.GetLeaseRequest;
import dev.assetmanagerd.lease.v1.KeepSessionRequest;
import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.lease.v1.ListSessionsRequest;
import dev.assetmanagerd.lease.v1.ListSessionsResponse;
import dev.assetmanagerd.lease.v1.OpenSessionRequest;
import dev.assetmanagerd.lease.v1.ReconcileSessionRequest;
import dev.assetmanagerd.lease.v1.ReconcileSessionRequest.RunningVm;
import dev.assetmanagerd.lease.v1.ReconcileSessionResponse;
import dev.assetmanagerd.lease.v1.Session;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionsTest {
  private static final Duration LIFE = Duration.ofSeconds(30);

  @TempDir Path directory;
  private ServiceFixture service;
  private Session session;

  @BeforeEach
  void start() {
    service = ServiceFixture.in(directory);
    service.upload(kernel("a").setId("a"), bytes(10, 1));
    service.upload(kernel("b").setId("b"), bytes(10, 2));
    session = open("host-1", 10, 20);
  }

  @AfterEach
  void stop() {
    service.close();
  }

  @Test
  void whatASessionHoldsLivesAsLongAsItIsKeptAndEndsTogetherAfterThat() {
    Lease byField = acquire("vm-1", "a");
    String byHeader = acquireByHeader("b").getLeaseId();
    for (int i = 0; i < 5; i++) {
      service.registry.pass(Duration.ofSeconds(29));
      assertThat(keep().getLeaseCount()).isEqualTo(2);
    }
    service.registry.pass(LIFE.minusMillis(1));
    assertThat(lease(byField.getId()).getExpiresInMillis()).isEqualTo(1);
    assertThat(lease(byHeader).getSessionId()).isEqualTo(session.getId());

    service.registry.pass(Duration.ofMillis(1));
    assertNotFound(() -> lease(byField.getId()));
    assertNotFound(() -> lease(byHeader));
    assertNotFound(this::keep);
  }

  @Test
  void openingAgainKeepsTheSessionButNotForAnotherHost() {
    acquire("vm-1", "a");
    Session again =
        service
            .leases()
            .openSession(
                OpenSessionRequest.newBuilder()
                    .setHost("host-1")
                    .setSessionId(session.getId())
                    .setTtlSeconds(100)
                    .setGraceSeconds(0)
                    .build())
            .getSession();
    assertThat(again.getLeaseCount()).isEqualTo(1);
    assertThat(again.getExpiresInMillis()).isEqualTo(100_000);

    StatusRuntimeException failure =
        failureOf(
            () ->
                service
                    .leases()
                    .openSession(
                        OpenSessionRequest.newBuilder()
                            .setHost("host-2")
                            .setSessionId(session.getId())
                            .build()));
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.ALREADY_EXISTS);
  }

  @Test
  void theConfiguredTimesHoldWhereTheHostNamesNone() {
    Session byDefault =
        service
            .leases()
            .openSession(OpenSessionRequest.newBuilder().setHost("h").build())
            .getSession();

    assertThat(byDefault.getTtlMillis()).isEqualTo(30_000);
    assertThat(byDefault.getGraceMillis()).isEqualTo(60_000);
    assertThat(byDefault.getExpiresInMillis()).isEqualTo(90_000);
  }

  @Test
  void leasesThatExistAreAttachedAndLoseTheirOwnTtl() {
    String own =
        service
            .stub()
            .acquireAsset(
                AcquireAssetRequest.newBuilder()
                    .setAssetId("a")
                    .setAcquiredBy("vm-1")
                    .setTtlSeconds(5)
                    .build())
            .getLeaseId();
    AttachLeasesResponse attached =
        service
            .leases()
            .attachLeases(
                AttachLeasesRequest.newBuilder()
                    .setSessionId(session.getId())
                    .addLeaseIds(own)
                    .addLeaseIds("none")
                    .build());

    assertThat(attached.getAttachedList()).extracting(Lease::getId).containsExactly(own);
    assertThat(attached.getNotFoundIdsList()).containsExactly("none");
    service.registry.pass(Duration.ofSeconds(6));
    assertThat(lease(own).getTtlSeconds()).isZero();
  }

  @Test
  void closingEndsTheLeasesAtOnce() {
    Lease lease = acquire("vm-1", "a");
    CloseSessionRequest close =
        CloseSessionRequest.newBuilder().setSessionId(session.getId()).build();

    assertThat(service.leases().closeSession(close).getLeasesEnded()).isEqualTo(1);
    assertNotFound(() -> lease(lease.getId()));
    assertNotFound(() -> service.leases().closeSession(close));
  }

  @Test
  void reconcilingTellsWhatIsMissingAndWhatIsSurplusAndChangesNothing() {
    acquire("vm-1", "a");
    Lease stopped = acquire("vm-2", "a");
    Session other = open("host-1", 10, 20);
    long index = service.registry.index();

    ReconcileSessionResponse found =
        reconcile(session.getId(), vm("vm-1", "a", "b"), vm("vm-3", "b"), vm("vm-3", "b"));
    assertThat(found.getMissingList())
        .extracting(missing -> missing.getAcquiredBy() + " " + missing.getAssetId())
        .containsExactly("vm-1 b", "vm-3 b");
    assertThat(found.getSurplusList()).extracting(Lease::getId).containsExactly(stopped.getId());
    assertThat(found.getMore()).isFalse();
    assertThat(reconcile(other.getId(), vm("vm-1", "a")).getMissingCount())
        .as("a lease of another session does not count")
        .isEqualTo(1);
    assertThat(service.registry.index()).isEqualTo(index);
    assertNotFound(() -> reconcile("none", vm("vm-1", "a")));
  }

  @Test
  void aHostMayReportTwentyThousandPairsAndNoMore() {
    RunningVm.Builder many = RunningVm.newBuilder().setAcquiredBy("vm");
    IntStream.range(0, 20_000).forEach(i -> many.addAssetIds("x" + i));

    assertThat(reconcile(session.getId(), many.build()).getMissingCount()).isEqualTo(20_000);
    assertThat(fields(failureOf(() -> reconcile(session.getId(), many.addAssetIds("y").build()))))
        .containsExactly("running");
    assertThat(fields(failureOf(() -> reconcile(session.getId(), vm("", "a")))))
        .containsExactly("running[0].acquired_by");
    assertThat(fields(failureOf(() -> reconcile(session.getId(), vm("v", "a"), vm("v", "/")))))
        .containsExactly("running[1].asset_ids");
  }

  @Test
  void sessionsAreListedPageByPage() {
    open("host-2", 10, 20);
    ListSessionsRequest.Builder request = ListSessionsRequest.newBuilder().setPageSize(1);
    ListSessionsResponse first = service.leases().listSessions(request.build());
    ListSessionsResponse last =
        service.leases().listSessions(request.setPageToken(first.getNextPageToken()).build());

    assertThat(List.of(first.getSessions(0).getHost(), last.getSessions(0).getHost()))
        .containsExactlyInAnyOrder("host-1", "host-2");
    assertThat(last.getNextPageToken()).isEmpty();
  }

  @Test
  void aLeaseOfASessionHasNoTtlOfItsOwn() {
    StatusRuntimeException failure =
        failureOf(
            () ->
                service
                    .stubWithHeader("assetmanager-session", session.getId())
                    .acquireAsset(
                        AcquireAssetRequest.newBuilder()
                            .setAssetId("a")
                            .setAcquiredBy("vm")
                            .setTtlSeconds(5)
                            .build()));
    assertThat(fields(failure)).containsExactly("ttl_seconds");
    assertThat(
            fields(
                failureOf(
                    () ->
                        service
                            .stubWithHeader("assetmanager-session", "../x")
                            .acquireAsset(
                                AcquireAssetRequest.newBuilder()
                                    .setAssetId("a")
                                    .setAcquiredBy("vm")
                                    .build()))))
        .containsExactly("header Assetmanager-Session");
  }

  private Session open(String host, long ttl, long grace) {
    return service
        .leases()
        .openSession(
            OpenSessionRequest.newBuilder()
                .setHost(host)
                .setTtlSeconds(ttl)
                .setGraceSeconds(grace)
                .build())
        .getSession();
  }

  private Session keep() {
    return service
        .leases()
        .keepSession(KeepSessionRequest.newBuilder().setSessionId(session.getId()).build())
        .getSession();
  }

  private Lease acquire(String by, String assetId) {
    return service
        .leases()
        .acquireLeases(
            AcquireLeasesRequest.newBuilder()
                .addAssetIds(assetId)
                .setAcquiredBy(by)
                .setSessionId(session.getId())
                .build())
        .getLeases(0);
  }

  private AcquireAssetResponse acquireByHeader(String assetId) {
    return service
        .stubWithHeader("assetmanager-session", session.getId())
        .acquireAsset(
            AcquireAssetRequest.newBuilder().setAssetId(assetId).setAcquiredBy("vm-1").build());
  }

  private Lease lease(String id) {
    return service
        .leases()
        .getLease(GetLeaseRequest.newBuilder().setLeaseId(id).build())
        .getLease();
  }

  private ReconcileSessionResponse reconcile(String sessionId, RunningVm... running) {
    return service
        .leases()
        .reconcileSession(
            ReconcileSessionRequest.newBuilder()
                .setSessionId(sessionId)
                .addAllRunning(List.of(running))
                .build());
  }

  private static RunningVm vm(String by, String... assetIds) {
    return RunningVm.newBuilder().setAcquiredBy(by).addAllAssetIds(List.of(assetIds)).build();
  }

  private static void assertNotFound(ThrowingCallable call) {
    assertThat(failureOf(call).getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
  }

  private static StatusRuntimeException failureOf(ThrowingCallable call) {
    return catchThrowableOfType(StatusRuntimeException.class, call);
  }
}
