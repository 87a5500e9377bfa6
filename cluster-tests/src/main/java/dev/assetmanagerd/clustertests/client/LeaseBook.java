package dev.assetmanagerd.clustertests.client;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What all clients together know of the leases they hold. A lease is in the book from the moment
 * its client has heard of it until just before the client gives it back, so whatever is in the book
 * before and after a look was held during the look.
 *
 * <p>Thread-safe.
 */
public final class LeaseBook {
  /**
   * A lease, and what was promised with it.
   *
   * @param location of the asset's blob in the store
   * @param checksum of the blob, lower-case hexadecimal SHA-256
   */
  public record Held(String leaseId, String assetId, String location, String checksum) {}

  /**
   * Between which two numbers the number of leases on an asset must lie at some moment.
   *
   * @param least leases that were surely there
   * @param most those and all of which nobody knows
   */
  public record Bounds(long least, long most) {}

  /** Each only grows. In this order, for a lease that is taken and given back. */
  private static final class Account {
    private final AtomicLong acquiring = new AtomicLong();
    private final AtomicLong acquired = new AtomicLong();
    private final AtomicLong releasing = new AtomicLong();
    private final AtomicLong gone = new AtomicLong();
  }

  private final Map<String, Held> held = new ConcurrentHashMap<>();
  private final Map<String, Account> accounts = new ConcurrentHashMap<>();

  /** To be told before an asset's lease is asked for, by whatever call. */
  public void acquiring(String assetId) {
    account(assetId).acquiring.incrementAndGet();
  }

  /** The answer to {@link #acquiring} was a lease. */
  public void acquired(Held lease) {
    account(lease.assetId()).acquired.incrementAndGet();
    held.put(lease.leaseId(), lease);
  }

  /**
   * The answer to {@link #acquiring} was a refusal, or the lease was one for the length of the call
   * only. Without any answer, tell nothing.
   */
  public void refused(String assetId) {
    account(assetId).gone.incrementAndGet();
  }

  /** To be told before a lease is given back. */
  public void releasing(Held lease) {
    held.remove(lease.leaseId());
    account(lease.assetId()).releasing.incrementAndGet();
  }

  /** The lease is gone for sure. */
  public void released(Held lease) {
    account(lease.assetId()).gone.incrementAndGet();
  }

  /** The leases that are held now. */
  public Collection<Held> held() {
    return List.copyOf(held.values());
  }

  /** Whether a lease is still held. */
  public boolean isHeld(Held lease) {
    return held.containsKey(lease.leaseId());
  }

  /** All assets that a lease was ever asked for on. */
  public Collection<String> assets() {
    return List.copyOf(accounts.keySet());
  }

  /** Begins a look at the numbers of leases. */
  public Look look() {
    return new Look();
  }

  private Account account(String assetId) {
    return accounts.computeIfAbsent(assetId, none -> new Account());
  }

  /** A look at numbers of leases that has begun and takes a while. */
  public final class Look {
    private record Start(long acquired, long gone) {}

    private final Map<String, Start> starts = new ConcurrentHashMap<>();

    private Look() {
      accounts.forEach(
          (asset, account) -> {
            long gone = account.gone.get();
            starts.put(asset, new Start(account.acquired.get(), gone));
          });
    }

    /**
     * What the number may have been at any moment from the look's begin until now.
     *
     * @param assetId of any asset; without a client, the number has to be 0
     */
    public Bounds bounds(String assetId) {
      Start start = starts.getOrDefault(assetId, new Start(0, 0));
      Account now = account(assetId);
      long least = start.acquired() - now.releasing.get();
      return new Bounds(Math.max(0, least), now.acquiring.get() - start.gone());
    }
  }
}
