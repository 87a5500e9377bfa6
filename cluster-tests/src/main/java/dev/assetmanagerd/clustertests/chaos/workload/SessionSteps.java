package dev.assetmanagerd.clustertests.chaos.workload;

import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.clustertests.chaos.history.Input;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.chaos.history.Value;
import dev.assetmanagerd.clustertests.chaos.workload.RecordedCalls.End;
import dev.assetmanagerd.clustertests.chaos.workload.RecordedCalls.Ended;
import dev.assetmanagerd.lease.v1.AcquireLeasesRequest;
import dev.assetmanagerd.lease.v1.CloseSessionRequest;
import dev.assetmanagerd.lease.v1.KeepSessionRequest;
import dev.assetmanagerd.lease.v1.LeaseServiceGrpc;
import dev.assetmanagerd.lease.v1.OpenSessionRequest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The session of one client, which is a host's: one at a time, each with an id of its own. */
final class SessionSteps {
  static final String HEADER = "assetmanager-session";

  private static final int TTL_SECONDS = 4;
  private static final int GRACE_SECONDS = 2;
  private static final Duration LAST_CLOSE_MAX = Duration.ofSeconds(15);

  private final Ground ground;
  private final Caller caller;
  private final String holder;
  private int sessions;
  private Optional<String> open = Optional.empty();

  SessionSteps(Ground ground, Caller caller, String holder) {
    this.ground = ground;
    this.caller = caller;
    this.holder = holder;
  }

  /** The session that is open, as far as is known. */
  Optional<String> current() {
    return open;
  }

  void act() {
    if (open.isEmpty()) {
      open();
      return;
    }
    int dice = caller.random().nextInt(100);
    if (dice < 58) {
      keep(open.get());
    } else if (dice < 75) {
      acquire(open.get(), ground.catalogue().any(caller.random()));
    } else if (dice < 90) {
      acquireAll(open.get(), ground.catalogue().several(3, caller.random()));
    } else {
      close(open.get(), caller.call(Kind.CLOSE_SESSION, List.of(), of(open.get())));
    }
  }

  private void open() {
    String id = holder + "-s" + sessions++;
    OpenSessionRequest request =
        OpenSessionRequest.newBuilder()
            .setHost(holder)
            .setSessionId(id)
            .setTtlSeconds(TTL_SECONDS)
            .setGraceSeconds(GRACE_SECONDS)
            .build();
    Input input = of(id).withTtlMillis((TTL_SECONDS + GRACE_SECONDS) * 1000L);
    Ended<?> ended =
        caller
            .call(Kind.OPEN_SESSION, List.of(), input)
            .unary(LeaseServiceGrpc.getOpenSessionMethod(), request, answer -> Value.DONE);
    open = ended.isOk() ? Optional.of(id) : Optional.empty();
  }

  private static Input of(String session) {
    return Input.NONE.withSession(session);
  }

  private void keep(String session) {
    KeepSessionRequest request = KeepSessionRequest.newBuilder().setSessionId(session).build();
    lost(
        caller
            .call(Kind.KEEP_SESSION, List.of(), of(session))
            .unary(LeaseServiceGrpc.getKeepSessionMethod(), request, answer -> Value.DONE));
  }

  /** A session that is not known any more has ended. */
  private void lost(Ended<?> ended) {
    if (ended.isNotFound()) {
      open = Optional.empty();
    }
  }

  private void acquire(String session, AssetSpec asset) {
    AcquireAssetRequest request =
        AcquireAssetRequest.newBuilder().setAssetId(asset.id()).setAcquiredBy(holder).build();
    ground.book().acquiring(asset.id());
    Ended<?> ended =
        caller
            .call(Kind.ACQUIRE, List.of(asset.id()), of(session))
            .with(Map.of(HEADER, session))
            .unary(
                AssetManagerServiceGrpc.getAcquireAssetMethod(),
                request,
                answer -> LeaseSteps.granted(answer.message()));
    if (ended.end() == End.REFUSED) {
      ground.book().refused(asset.id());
    }
  }

  private void acquireAll(String session, Set<AssetSpec> assets) {
    List<String> ids = assets.stream().map(AssetSpec::id).toList();
    AcquireLeasesRequest request =
        AcquireLeasesRequest.newBuilder()
            .addAllAssetIds(ids)
            .setAcquiredBy(holder)
            .setSessionId(session)
            .build();
    ids.forEach(ground.book()::acquiring);
    Ended<?> ended =
        caller
            .call(Kind.ACQUIRE, ids, of(session))
            .unary(
                LeaseServiceGrpc.getAcquireLeasesMethod(),
                request,
                answer -> LeaseSteps.granted(answer.message()));
    if (ended.end() == End.REFUSED) {
      ids.forEach(ground.book()::refused);
    }
  }

  /** Closes what is open. */
  void end() {
    open.ifPresent(
        session ->
            close(
                session,
                caller
                    .call(Kind.CLOSE_SESSION, List.of(), of(session))
                    .once()
                    .within(LAST_CLOSE_MAX)));
  }

  private void close(String session, Caller.Wording call) {
    CloseSessionRequest request = CloseSessionRequest.newBuilder().setSessionId(session).build();
    Ended<?> ended =
        call.unary(LeaseServiceGrpc.getCloseSessionMethod(), request, answer -> Value.DONE);
    if (ended.isOk()) {
      ground.closedSessions().add(session);
    }
    open = Optional.empty();
  }
}
