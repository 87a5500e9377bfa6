package dev.assetmanagerd.asset;

import com.google.protobuf.Message;
import dev.assetmanagerd.importer.v1.ImportAssetsRequest;
import dev.assetmanagerd.importer.v1.ImportAssetsResponse;
import dev.assetmanagerd.importer.v1.ImportLeasesRequest;
import dev.assetmanagerd.importer.v1.ImportLeasesResponse;
import dev.assetmanagerd.importer.v1.ImportResult;
import dev.assetmanagerd.importer.v1.ImportResult.Verdict;
import dev.assetmanagerd.importer.v1.OldAsset;
import dev.assetmanagerd.importer.v1.OldLease;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.ImportAssets;
import dev.assetmanagerd.log.v1.ImportLeases;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.registry.FormatLevels;
import dev.assetmanagerd.registry.ImportPreview;
import dev.assetmanagerd.registry.RegistryView;
import io.grpc.Deadline;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Takes over assets and leases of a single-node daemon, a batch for each call. Blocks for the store
 * and for the cluster. Thread-safe.
 *
 * <pre>
 *   fields ──► preview ──► blobs of what is new ──► one command ──► a result for each
 *                 └── nothing would change: answered from the preview
 * </pre>
 *
 * <p>What is refused on the way goes into the command as it is, so that the outcome, which is what
 * a repetition with the same idempotency key gets, is the whole answer.
 */
final class Imports {
  /** Entries of one call. */
  static final int MAX_ENTRIES = 1000;

  /** Bytes of one call; with what this node adds to it, it stays below what a command may have. */
  static final int MAX_BYTES = 512 << 10;

  private final RegistryAccess registry;
  private final OldRows rows;
  private final ImportedBlobs blobs;
  private final Clock clock;

  /**
   * @param clock wall time, by which leases of the old daemon expire
   */
  Imports(RegistryAccess registry, OldRows rows, ImportedBlobs blobs, Clock clock) {
    this.registry = registry;
    this.rows = rows;
    this.blobs = blobs;
    this.clock = clock;
  }

  ImportAssetsResponse importAssets(CallScope scope, ImportAssetsRequest request)
      throws IOException {
    checkSize("assets", request.getAssetsCount(), request);
    Optional<Outcome> before = replayed(scope, request.getDryRun());
    if (before.isPresent()) {
      return assets(before.get().getAssetsImported().getResultsList());
    }
    ImportAssets.Builder command = ImportAssets.newBuilder();
    for (OldAsset old : request.getAssetsList()) {
      command.addItems(rows.asset(old));
    }
    ImportPreview preview = preview(kind(command), view -> view.previewImport(command.build()));
    if (!preview.changes()) {
      return assets(preview.results());
    }
    verifyBlobs(command, preview, request);
    if (request.getDryRun()) {
      return assets(preview(kind(command), view -> view.previewImport(command.build())).results());
    }
    Outcome outcome = propose(scope, kind(command));
    return assets(outcome.getAssetsImported().getResultsList());
  }

  private static Command.Builder kind(ImportAssets.Builder command) {
    return Command.newBuilder().setImportAssets(command);
  }

  /** Of what is not in the registry yet. */
  private void verifyBlobs(
      ImportAssets.Builder command, ImportPreview preview, ImportAssetsRequest request)
      throws IOException {
    Set<Integer> added = positions(preview.results(), Verdict.VERDICT_IMPORTED);
    for (int i = 0; i < command.getItemsCount(); i++) {
      ImportAssets.Item item = command.getItems(i);
      if (item.hasAsset() && !added.contains(i)) {
        command.setItems(i, item.toBuilder().setUnverified(true));
      }
    }
    blobs.verify(command, added, request);
  }

  private static Set<Integer> positions(List<ImportResult> results, Verdict verdict) {
    return IntStream.range(0, results.size())
        .filter(i -> results.get(i).getVerdict() == verdict)
        .boxed()
        .collect(Collectors.toUnmodifiableSet());
  }

  ImportLeasesResponse importLeases(CallScope scope, ImportLeasesRequest request) {
    checkSize("leases", request.getLeasesCount(), request);
    Optional<Outcome> before = replayed(scope, request.getDryRun());
    if (before.isPresent()) {
      return leases(before.get().getLeasesImported().getResultsList());
    }
    long nowMillis = clock.millis();
    ImportLeases.Builder command = ImportLeases.newBuilder();
    request.getLeasesList().forEach(old -> command.addItems(rows.lease(old, nowMillis)));
    Set<String> planned =
        request.getDryRun()
            ? request.getLeasesList().stream()
                .filter(OldLease::getAssetPlanned)
                .map(OldLease::getAssetId)
                .collect(Collectors.toUnmodifiableSet())
            : Set.of();
    Command.Builder kind = Command.newBuilder().setImportLeases(command);
    ImportPreview preview =
        preview(kind, view -> view.previewImport(command.build(), planned::contains));
    if (request.getDryRun() || !preview.changes()) {
      return leases(preview.results());
    }
    Outcome outcome = propose(scope, kind);
    return leases(outcome.getLeasesImported().getResultsList());
  }

  private static void checkSize(String field, int entries, Message request) {
    if (entries < 1 || entries > MAX_ENTRIES) {
      throw ApiErrors.invalid(
          field, "has " + entries + " entries; 1 to " + MAX_ENTRIES + " are allowed");
    }
    if (request.getSerializedSize() > MAX_BYTES) {
      throw ApiErrors.invalid(
          field,
          "has "
              + request.getSerializedSize()
              + " bytes in all; at most "
              + MAX_BYTES
              + " are allowed");
    }
  }

  private Optional<Outcome> replayed(CallScope scope, boolean dryRun) {
    return dryRun ? Optional.empty() : registry.replayed(scope, registry.deadlineAfterTransfer());
  }

  /** In a registry that cannot import yet, a dry run is refused as the import would be. */
  private ImportPreview preview(
      Command.Builder command, Function<RegistryView, ImportPreview> query) {
    return registry.readLinearizableAndWait(
        registry.deadlineAfterTransfer(),
        view -> {
          FormatLevels.refusal(command.build(), view.formatLevel())
              .ifPresent(RegistryAccess::accepted);
          return query.apply(view);
        });
  }

  private Outcome propose(CallScope scope, Command.Builder command) {
    Deadline deadline = registry.deadlineAfterTransfer();
    return registry.proposeAndWait(scope, scope.keyed(command), deadline);
  }

  private static ImportAssetsResponse assets(List<ImportResult> results) {
    return ImportAssetsResponse.newBuilder().addAllResults(results).build();
  }

  private static ImportLeasesResponse leases(List<ImportResult> results) {
    return ImportLeasesResponse.newBuilder().addAllResults(results).build();
  }

  /** A refusal with one of the reasons that the registry does not have. */
  static ImportResult refused(ImportResult.Reason reason, @Nullable String message) {
    return ImportResult.newBuilder()
        .setVerdict(
            reason == ImportResult.Reason.REASON_EXPIRED
                ? Verdict.VERDICT_LEFT_OUT
                : Verdict.VERDICT_SKIPPED)
        .setReason(reason)
        .setMessage(message == null ? "" : message)
        .build();
  }
}
