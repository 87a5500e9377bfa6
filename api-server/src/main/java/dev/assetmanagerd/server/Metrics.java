package dev.assetmanagerd.server;

import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.server.HttpService;
import dev.assetmanagerd.asset.GarbageCounters;
import dev.assetmanagerd.asset.PrepareCounters;
import dev.assetmanagerd.backup.BackupCounters;
import dev.assetmanagerd.backup.BackupModule;
import dev.assetmanagerd.cluster.ReplicaCheckCounters;
import dev.assetmanagerd.cluster.v1.CheckClusterResponse.Verdict;
import dev.assetmanagerd.node.v1.WriteCounters;
import dev.assetmanagerd.storage.bounded.BoundedSteps;
import dev.assetmanagerd.storage.cache.BlobCache;
import dev.assetmanagerd.storage.cache.CacheCounters;
import dev.assetmanagerd.storage.place.PlacementMethod;
import dev.assetmanagerd.storage.scrub.ScrubCounters;
import dev.assetmanagerd.storage.scrub.ScrubPlace;
import dev.assetmanagerd.tls.TlsIdentity;
import io.grpc.ServerInterceptor;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;

/** What the node counts and measures, and the page that shows it. Thread-safe. */
final class Metrics implements AutoCloseable {
  private static final MediaType EXPOSITION =
      MediaType.parse("text/plain; version=0.0.4; charset=utf-8");

  private static final List<String> CACHE_SOURCES = List.of("nfs", "s3", "http", "peer");

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final JvmGcMetrics garbageCollector = new JvmGcMetrics();

  Metrics() {
    new ClassLoaderMetrics().bindTo(registry);
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    new FileDescriptorMetrics().bindTo(registry);
    garbageCollector.bindTo(registry);
  }

  /** Shows how commands share log entries and transactions. */
  void writes(Supplier<WriteCounters> counters) {
    counter("assetmanager_commands_applied", counters, WriteCounters::getCommands, "Commands");
    counter("assetmanager_log_entries_applied", counters, WriteCounters::getEntries, "Log entries");
    counter(
        "assetmanager_registry_transactions",
        counters,
        WriteCounters::getTransactions,
        "Transactions of the registry's writer");
  }

  /** Shows what garbage collection on this node has done. */
  void garbage(GarbageCounters counters) {
    FunctionTimer.builder(
            "assetmanager_gc_duration",
            counters,
            GarbageCounters::collections,
            GarbageCounters::collectionNanos,
            TimeUnit.NANOSECONDS)
        .description("Garbage collections on this node and how long they took")
        .register(registry);
    garbage("assetmanager_gc_assets", counters, GarbageCounters::assetsMarked, "Assets collected");
    garbage("assetmanager_gc_bytes", counters, GarbageCounters::bytesFreed, "Bytes freed");
    garbage("assetmanager_blobs_deleted", counters, GarbageCounters::blobsDeleted, "Blobs deleted");
    garbage(
        "assetmanager_blob_deletions_failed",
        counters,
        GarbageCounters::deletionsFailed,
        "Attempts to delete a blob that failed");
    garbage(
        "assetmanager_orphan_blobs",
        counters,
        GarbageCounters::orphansCondemned,
        "Blobs without a record that sweeps found and condemned");
    garbage(
        "assetmanager_sweeps_refused",
        counters,
        GarbageCounters::sweepsRefused,
        "Sweeps that left the store alone, as it or the registry looks like the wrong one");
    garbage(
        "assetmanager_uploads_swept",
        counters,
        GarbageCounters::uploadsSwept,
        "Uploads that had ended and whose parts sweeps deleted");
  }

  /** Shows how long this node's certificate is valid yet. */
  void certificate(Supplier<Optional<TlsIdentity>> identity) {
    Gauge.builder(
            "assetmanager_tls_certificate_expiry_timestamp_seconds",
            identity,
            now -> now.get().map(own -> (double) own.expiry().getEpochSecond()).orElse(Double.NaN))
        .strongReference(true)
        .description("When the certificate that this node uses ends")
        .register(registry);
  }

  /** Shows what has been done about backups on this node. */
  void backups(BackupModule backups) {
    BackupCounters counters = backups.counters();
    FunctionTimer.builder(
            "assetmanager_backup_duration",
            counters,
            BackupCounters::count,
            BackupCounters::totalNanos,
            TimeUnit.NANOSECONDS)
        .description("Backups made and found good on this node and how long they took")
        .register(registry);
    FunctionCounter.builder("assetmanager_backup_failures", counters, BackupCounters::failures)
        .description("Backups that could not be made, or were not good, on this node")
        .register(registry);
    Gauge.builder(
            "assetmanager_backup_last_success_timestamp_seconds",
            backups,
            BackupModule::lastSuccessSeconds)
        .description("When the cluster last had one that was found good; 0 before the first")
        .register(registry);
    Gauge.builder(
            "assetmanager_backup_running_seconds",
            backups,
            module -> module.makingFor().toMillis() / 1000.0)
        .description("How long this node has been making the backup it is making; 0 without one")
        .register(registry);
    Gauge.builder("assetmanager_backup_place_hanging", backups, BackupModule::placeHanging)
        .description("Steps in the directory of backups that take longer than they may")
        .register(registry);
    backup(
        "assetmanager_backup_last_size_bytes",
        counters,
        BackupCounters::lastSizeBytes,
        "Bytes of the last one that this node made");
    backup(
        "assetmanager_backup_files_missing",
        counters,
        BackupCounters::filesMissing,
        "Backups that are known and whose file was not found by this node as the leader");
  }

  private void backup(
      String name,
      BackupCounters counters,
      ToDoubleFunction<BackupCounters> value,
      String description) {
    Gauge.builder(name, counters, value).description(description).register(registry);
  }

  /** Shows what has been prepared on this node. */
  void prepare(PrepareCounters counters) {
    FunctionTimer.builder(
            "assetmanager_prepare_duration",
            counters,
            PrepareCounters::preparations,
            PrepareCounters::preparationNanos,
            TimeUnit.NANOSECONDS)
        .description("Preparations that succeeded and how long they took")
        .register(registry);
    prepare("assetmanager_prepare_failures", counters, PrepareCounters::failures, "Failures");
    prepare(
        "assetmanager_prepare_copied_bytes",
        counters,
        PrepareCounters::bytesCopied,
        "Bytes copied because they could be neither linked nor shared,");
    for (PlacementMethod method : PlacementMethod.values()) {
      FunctionCounter.builder(
              "assetmanager_prepare_files", counters, source -> source.files(method))
          .tag("method", method.name().toLowerCase(Locale.ROOT))
          .description("Files placed since the node started")
          .register(registry);
    }
  }

  private void prepare(
      String name, PrepareCounters counters, ToDoubleFunction<PrepareCounters> count, String what) {
    FunctionCounter.builder(name, counters, count)
        .description(what + " since the node started")
        .register(registry);
  }

  private void garbage(
      String name, GarbageCounters counters, ToDoubleFunction<GarbageCounters> count, String what) {
    FunctionCounter.builder(name, counters, count)
        .description(what + " since the node started")
        .register(registry);
  }

  /** Shows how the threads do that work in the directory of blobs. */
  void store(BoundedSteps steps) {
    store("assetmanager_store_steps_running", steps, BoundedSteps::running, "Steps under way");
    store("assetmanager_store_steps_hanging", steps, BoundedSteps::hanging, "Those too slow");
    store("assetmanager_store_steps_max", steps, BoundedSteps::maxSteps, "Threads for them");
    FunctionCounter.builder("assetmanager_store_steps_timed_out", steps, BoundedSteps::timedOut)
        .description("Steps that nobody waited for any longer since the node started")
        .register(registry);
    FunctionCounter.builder("assetmanager_store_steps_rejected", steps, BoundedSteps::rejected)
        .description("Steps that found no thread since the node started")
        .register(registry);
  }

  private void store(
      String name, BoundedSteps steps, ToDoubleFunction<BoundedSteps> value, String what) {
    Gauge.builder(name, steps, value)
        .description(what + ", in the directory of blobs")
        .register(registry);
  }

  /** Shows what is in the cache of this node and what it has done. */
  void cache(BlobCache cache) {
    Gauge.builder("assetmanager_cache_bytes", cache, BlobCache::bytesHeld)
        .description("Bytes of the files in the cache")
        .register(registry);
    Gauge.builder("assetmanager_cache_max_bytes", cache, BlobCache::maxBytes)
        .description("Most bytes the cache may have")
        .register(registry);
    Gauge.builder("assetmanager_cache_files", cache, BlobCache::filesHeld)
        .description("Files in the cache")
        .register(registry);
    CacheCounters counters = cache.counters();
    Gauge.builder("assetmanager_cache_fetches_running", counters, CacheCounters::runningFetches)
        .description("Blobs being fetched into the cache")
        .register(registry);
    cache("assetmanager_cache_hits", counters, CacheCounters::hits, "Requests for files there");
    cache("assetmanager_cache_joins", counters, CacheCounters::joins, "Requests for files coming");
    cache("assetmanager_cache_fetches", counters, CacheCounters::fetches, "Fetches begun");
    cache("assetmanager_cache_fetch_failures", counters, CacheCounters::failedFetches, "Failed");
    cache("assetmanager_cache_refusals", counters, CacheCounters::refused, "Requests refused");
    cache("assetmanager_cache_evictions", counters, CacheCounters::evictions, "Files evicted");
    cache("assetmanager_cache_evicted_bytes", counters, CacheCounters::evictedBytes, "Their bytes");
    cache("assetmanager_cache_corrupt", counters, CacheCounters::corrupt, "Files with wrong bytes");
    for (String source : CACHE_SOURCES) {
      bySource("assetmanager_cache_received_bytes", counters, source, c -> c.received(source));
      bySource("assetmanager_cache_source_failures", counters, source, c -> c.failures(source));
    }
  }

  private void cache(
      String name, CacheCounters counters, ToDoubleFunction<CacheCounters> count, String what) {
    FunctionCounter.builder(name, counters, count)
        .description(what + " since the node started")
        .register(registry);
  }

  private void bySource(
      String name, CacheCounters counters, String source, ToDoubleFunction<CacheCounters> count) {
    FunctionCounter.builder(name, counters, count)
        .tag("source", source)
        .description("By where the bytes of the cache came from, since the node started")
        .register(registry);
  }

  /** Shows what scrubbing one place has found. */
  void scrub(ScrubPlace place, ScrubCounters counters) {
    scrub("assetmanager_scrub_blobs", place, counters, ScrubCounters::blobs, "Blobs checked");
    scrub("assetmanager_scrub_bytes", place, counters, ScrubCounters::bytes, "Bytes read");
    scrub("assetmanager_scrub_corrupt", place, counters, ScrubCounters::corrupt, "Wrong blobs");
    scrub("assetmanager_scrub_repaired", place, counters, ScrubCounters::repaired, "Repairs");
    scrub("assetmanager_scrub_rounds", place, counters, ScrubCounters::rounds, "Rounds");
    scrub(
        "assetmanager_scrub_distrusted",
        place,
        counters,
        ScrubCounters::distrustedRounds,
        "Rounds stopped because this node may read wrongly,");
    Gauge.builder("assetmanager_scrub_unrepaired", counters, ScrubCounters::unrepaired)
        .tag("place", tag(place))
        .description("Blobs known to lack their bytes or not to be readable")
        .register(registry);
  }

  private void scrub(
      String name,
      ScrubPlace place,
      ScrubCounters counters,
      ToDoubleFunction<ScrubCounters> count,
      String what) {
    FunctionCounter.builder(name, counters, count)
        .tag("place", tag(place))
        .description(what + " since the node started")
        .register(registry);
  }

  private static String tag(ScrubPlace place) {
    return place.name().toLowerCase(Locale.ROOT);
  }

  /** Shows what comparing the replicas has found, while this node led. */
  void replicaCheck(ReplicaCheckCounters counters) {
    for (Verdict verdict : ReplicaCheckCounters.VERDICTS) {
      FunctionCounter.builder(
              "assetmanager_replica_check_runs", counters, source -> source.checks(verdict))
          .tag("result", verdict.name().substring("VERDICT_".length()).toLowerCase(Locale.ROOT))
          .description("Comparisons of the replicas that this node led since it started")
          .register(registry);
    }
    Gauge.builder("assetmanager_replica_check_differing", counters, ReplicaCheckCounters::differing)
        .description("Members whose replica the last comparison led here found not to be right")
        .register(registry);
    Gauge.builder(
            "assetmanager_replica_check_last_seconds",
            counters,
            source -> source.lastMillis() / 1000.0)
        .description("How long the last comparison led here took")
        .register(registry);
  }

  /** Measures every call of the services that it is put around. */
  ServerInterceptor calls() {
    return new CallTimer(registry);
  }

  /** The page, in Prometheus' text format. */
  HttpService page() {
    return (context, request) -> HttpResponse.of(HttpStatus.OK, EXPOSITION, registry.scrape());
  }

  @Override
  public void close() {
    garbageCollector.close();
    registry.close();
  }

  private void counter(
      String name,
      Supplier<WriteCounters> counters,
      ToLongFunction<WriteCounters> count,
      String what) {
    FunctionCounter.builder(name, counters, source -> count.applyAsLong(source.get()))
        .description(what + " since the node started")
        .register(registry);
  }
}
