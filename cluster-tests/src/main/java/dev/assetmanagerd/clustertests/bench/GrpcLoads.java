package dev.assetmanagerd.clustertests.bench;

import com.google.protobuf.ByteString;
import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.GetAssetRequest;
import dev.assetmanagerd.api.v1.ReleaseAssetRequest;
import dev.assetmanagerd.clustertests.etcd.KVGrpc;
import dev.assetmanagerd.clustertests.etcd.PutRequest;
import dev.assetmanagerd.clustertests.etcd.RangeRequest;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Loads over gRPC: one connection for every 64 callers or so, answers heard on its I/O thread. */
final class GrpcLoads implements AutoCloseable {
  private static final int CONNECTIONS_PER_ADDRESS = 4;

  private final List<ManagedChannel> channels = new ArrayList<>();

  /** Connects to each address, {@code host:port}; callers are spread over them. */
  GrpcLoads(List<String> addresses) {
    for (int i = 0; i < CONNECTIONS_PER_ADDRESS; i++) {
      for (String address : addresses) {
        channels.add(
            NettyChannelBuilder.forTarget(address).usePlaintext().directExecutor().build());
      }
    }
  }

  /** Each caller acquires a lease, releases it, acquires again. */
  Load leases(List<String> assetIds) {
    List<AcquireAssetRequest> acquires =
        assetIds.stream()
            .map(id -> AcquireAssetRequest.newBuilder().setAssetId(id).setAcquiredBy("bench"))
            .map(AcquireAssetRequest.Builder::build)
            .toList();
    AtomicReferenceArray<@Nullable String> held = new AtomicReferenceArray<>(assetIds.size());
    return (slot, done) -> {
      String lease = held.getAndSet(slot, null);
      if (lease == null) {
        call(
            slot,
            AssetManagerServiceGrpc.getAcquireAssetMethod(),
            acquires.get(slot),
            response -> held.set(slot, response.getLeaseId()),
            done);
      } else {
        call(
            slot,
            AssetManagerServiceGrpc.getReleaseAssetMethod(),
            ReleaseAssetRequest.newBuilder().setLeaseId(lease).build(),
            response -> {},
            done);
      }
    };
  }

  /** Each caller reads its asset. */
  Load reads(List<String> assetIds) {
    List<GetAssetRequest> gets =
        assetIds.stream().map(id -> GetAssetRequest.newBuilder().setId(id).build()).toList();
    return (slot, done) ->
        call(
            slot,
            AssetManagerServiceGrpc.getGetAssetMethod(),
            gets.get(slot),
            response -> {},
            done);
  }

  /** Each caller puts a value of this size under its key, again and again, into etcd. */
  Load etcdPuts(int callers, int valueBytes) {
    ByteString value = ByteString.copyFrom(new byte[valueBytes]);
    List<PutRequest> puts = new ArrayList<>();
    for (int i = 0; i < callers; i++) {
      puts.add(PutRequest.newBuilder().setKey(etcdKey(i)).setValue(value).build());
    }
    return (slot, done) -> call(slot, KVGrpc.getPutMethod(), puts.get(slot), response -> {}, done);
  }

  /** Each caller reads its key from etcd, linearizably, which is etcd's default. */
  Load etcdReads(int callers) {
    List<RangeRequest> ranges = new ArrayList<>();
    for (int i = 0; i < callers; i++) {
      ranges.add(RangeRequest.newBuilder().setKey(etcdKey(i)).build());
    }
    return (slot, done) ->
        call(slot, KVGrpc.getRangeMethod(), ranges.get(slot), response -> {}, done);
  }

  private static ByteString etcdKey(int caller) {
    return ByteString.copyFromUtf8("bench/" + caller);
  }

  private <Q, R> void call(
      int slot, MethodDescriptor<Q, R> method, Q request, Consumer<R> answer, Load.Done done) {
    ClientCalls.asyncUnaryCall(
        channels.get(slot % channels.size()).newCall(method, CallOptions.DEFAULT),
        request,
        new StreamObserver<R>() {
          @Override
          public void onNext(R response) {
            answer.accept(response);
          }

          @Override
          public void onError(Throwable why) {
            done.failed(why);
          }

          @Override
          public void onCompleted() {
            done.succeeded();
          }
        });
  }

  @Override
  public void close() {
    channels.forEach(ManagedChannel::shutdownNow);
  }
}
