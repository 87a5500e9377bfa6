package dev.assetmanagerd.asset;

import dev.assetmanagerd.lease.v1.AcquireLeasesRequest;
import dev.assetmanagerd.lease.v1.AcquireLeasesResponse;
import dev.assetmanagerd.lease.v1.AttachLeasesRequest;
import dev.assetmanagerd.lease.v1.AttachLeasesResponse;
import dev.assetmanagerd.lease.v1.CloseSessionRequest;
import dev.assetmanagerd.lease.v1.CloseSessionResponse;
import dev.assetmanagerd.lease.v1.GetLeaseRequest;
import dev.assetmanagerd.lease.v1.GetLeaseResponse;
import dev.assetmanagerd.lease.v1.KeepSessionRequest;
import dev.assetmanagerd.lease.v1.KeepSessionResponse;
import dev.assetmanagerd.lease.v1.LeaseServiceGrpc;
import dev.assetmanagerd.lease.v1.ListLeasesRequest;
import dev.assetmanagerd.lease.v1.ListLeasesResponse;
import dev.assetmanagerd.lease.v1.ListSessionsRequest;
import dev.assetmanagerd.lease.v1.ListSessionsResponse;
import dev.assetmanagerd.lease.v1.OpenSessionRequest;
import dev.assetmanagerd.lease.v1.OpenSessionResponse;
import dev.assetmanagerd.lease.v1.ReconcileSessionRequest;
import dev.assetmanagerd.lease.v1.ReconcileSessionResponse;
import dev.assetmanagerd.lease.v1.ReleaseHolderRequest;
import dev.assetmanagerd.lease.v1.ReleaseHolderResponse;
import dev.assetmanagerd.lease.v1.RenewLeasesRequest;
import dev.assetmanagerd.lease.v1.RenewLeasesResponse;
import io.grpc.stub.StreamObserver;

/** The calls of the lease service. None occupies a thread while it waits. */
final class LeaseService implements LeaseServiceGrpc.AsyncService {
  private final LeaseChanges changes;
  private final LeaseReads reads;

  LeaseService(LeaseChanges changes, LeaseReads reads) {
    this.changes = changes;
    this.reads = reads;
  }

  @Override
  public void acquireLeases(
      AcquireLeasesRequest request, StreamObserver<AcquireLeasesResponse> response) {
    Answers.answer(request, response, changes::acquire);
  }

  @Override
  public void renewLeases(
      RenewLeasesRequest request, StreamObserver<RenewLeasesResponse> response) {
    Answers.answer(request, response, changes::renew);
  }

  @Override
  public void getLease(GetLeaseRequest request, StreamObserver<GetLeaseResponse> response) {
    Answers.answer(request, response, reads::get);
  }

  @Override
  public void listLeases(ListLeasesRequest request, StreamObserver<ListLeasesResponse> response) {
    Answers.answer(request, response, reads::list);
  }

  @Override
  public void releaseHolder(
      ReleaseHolderRequest request, StreamObserver<ReleaseHolderResponse> response) {
    Answers.answer(request, response, changes::releaseHolder);
  }

  @Override
  public void openSession(
      OpenSessionRequest request, StreamObserver<OpenSessionResponse> response) {
    Answers.answer(request, response, changes::open);
  }

  @Override
  public void keepSession(
      KeepSessionRequest request, StreamObserver<KeepSessionResponse> response) {
    Answers.answer(request, response, changes::keep);
  }

  @Override
  public void attachLeases(
      AttachLeasesRequest request, StreamObserver<AttachLeasesResponse> response) {
    Answers.answer(request, response, changes::attach);
  }

  @Override
  public void reconcileSession(
      ReconcileSessionRequest request, StreamObserver<ReconcileSessionResponse> response) {
    Answers.answer(request, response, reads::reconcile);
  }

  @Override
  public void closeSession(
      CloseSessionRequest request, StreamObserver<CloseSessionResponse> response) {
    Answers.answer(request, response, changes::close);
  }

  @Override
  public void listSessions(
      ListSessionsRequest request, StreamObserver<ListSessionsResponse> response) {
    Answers.answer(request, response, reads::sessions);
  }
}
