package dev.assetmanagerd.storage.cache;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** What a cache has done since it was opened. Thread-safe. */
public final class CacheCounters {
  private final LongAdder hits = new LongAdder();
  private final LongAdder joins = new LongAdder();
  private final LongAdder fetches = new LongAdder();
  private final LongAdder failedFetches = new LongAdder();
  private final LongAdder evictions = new LongAdder();
  private final LongAdder evictedBytes = new LongAdder();
  private final LongAdder corrupt = new LongAdder();
  private final LongAdder refused = new LongAdder();
  private final AtomicInteger running = new AtomicInteger();
  private final Map<String, LongAdder> bytesBySource = new ConcurrentHashMap<>();
  private final Map<String, LongAdder> failuresBySource = new ConcurrentHashMap<>();

  CacheCounters() {}

  void hit() {
    hits.increment();
  }

  void joined() {
    joins.increment();
  }

  void fetchBegins() {
    fetches.increment();
    running.incrementAndGet();
  }

  void fetchEnds(boolean succeeded) {
    running.decrementAndGet();
    if (!succeeded) {
      failedFetches.increment();
    }
  }

  void evicted(long bytes) {
    evictions.increment();
    evictedBytes.add(bytes);
  }

  void foundCorrupt() {
    corrupt.increment();
  }

  void refusal() {
    refused.increment();
  }

  void received(String source, long bytes) {
    bytesBySource.computeIfAbsent(source, name -> new LongAdder()).add(bytes);
  }

  void sourceFailed(String source) {
    failuresBySource.computeIfAbsent(source, name -> new LongAdder()).increment();
  }

  /** Requests answered by a file that was there. */
  public long hits() {
    return hits.sum();
  }

  /** Requests that waited for a fetch that somebody else had begun. */
  public long joins() {
    return joins.sum();
  }

  /** Fetches begun: requests that found no file and nobody fetching it. */
  public long fetches() {
    return fetches.sum();
  }

  /** Fetches that brought no file. */
  public long failedFetches() {
    return failedFetches.sum();
  }

  /** Fetches under way. */
  public int runningFetches() {
    return running.get();
  }

  /** Requests refused for want of room, on the disk or in the line of those who wait. */
  public long refused() {
    return refused.sum();
  }

  /** Files evicted. */
  public long evictions() {
    return evictions.sum();
  }

  /** Their bytes. */
  public long evictedBytes() {
    return evictedBytes.sum();
  }

  /** Files in the cache found to have other bytes than their digest, or not to be readable. */
  public long corrupt() {
    return corrupt.sum();
  }

  /** Bytes received by source, those that turned out to be wrong included. */
  public Map<String, Long> bytesBySource() {
    return sums(bytesBySource);
  }

  /** How often a source was given up, because it failed, stalled or gave wrong bytes. */
  public Map<String, Long> failuresBySource() {
    return sums(failuresBySource);
  }

  /** Bytes received from one source. */
  public long received(String source) {
    return sum(bytesBySource, source);
  }

  /** How often one source was given up. */
  public long failures(String source) {
    return sum(failuresBySource, source);
  }

  private static long sum(Map<String, LongAdder> adders, String source) {
    LongAdder adder = adders.get(source);
    return adder == null ? 0 : adder.sum();
  }

  private static Map<String, Long> sums(Map<String, LongAdder> adders) {
    Map<String, Long> sums = new TreeMap<>();
    adders.forEach((name, adder) -> sums.put(name, adder.sum()));
    return sums;
  }
}
