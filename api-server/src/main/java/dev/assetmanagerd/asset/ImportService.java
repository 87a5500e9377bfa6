package dev.assetmanagerd.asset;

import dev.assetmanagerd.importer.v1.ImportAssetsRequest;
import dev.assetmanagerd.importer.v1.ImportAssetsResponse;
import dev.assetmanagerd.importer.v1.ImportLeasesRequest;
import dev.assetmanagerd.importer.v1.ImportLeasesResponse;
import dev.assetmanagerd.importer.v1.ImportServiceGrpc;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.Executor;

/** The calls that take over a single-node daemon's data. They wait for the store. */
final class ImportService implements ImportServiceGrpc.AsyncService {
  private final Imports imports;
  private final Executor threads;

  /**
   * @param threads may wait for the store long; may refuse
   */
  ImportService(Imports imports, Executor threads) {
    this.imports = imports;
    this.threads = threads;
  }

  @Override
  public void importAssets(
      ImportAssetsRequest request, StreamObserver<ImportAssetsResponse> response) {
    CallScope scope = CallScope.current();
    Answers.answerOn(threads, "assets", response, () -> imports.importAssets(scope, request));
  }

  @Override
  public void importLeases(
      ImportLeasesRequest request, StreamObserver<ImportLeasesResponse> response) {
    CallScope scope = CallScope.current();
    Answers.answerOn(threads, "leases", response, () -> imports.importLeases(scope, request));
  }
}
