package dev.assetmanagerd.clustertests.observe;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.clustertests.client.AssetClient;
import dev.assetmanagerd.clustertests.client.CallFailedException;
import dev.assetmanagerd.clustertests.client.LeaseBook;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Lists all assets, which does not count as a use of them: those that are leased are there and
 * available, and the number of leases of each is one that the clients can explain.
 */
public final class RegistryObserver extends Observer {
  /** Name of the count of assets whose number of leases was compared. */
  public static final String COUNTS_COMPARED = "reference counts compared";

  /** Name of the count of leases whose asset was looked for. */
  public static final String LEASES_COMPARED = "leases compared";

  private static final Duration PAUSE = Duration.ofMillis(20);

  private final AssetClient client;
  private final LeaseBook book;

  /** Looks through a client. */
  public RegistryObserver(AssetClient client, LeaseBook book) {
    super("registry", PAUSE);
    this.client = client;
    this.book = book;
  }

  @Override
  void look(Findings findings) throws CallFailedException {
    LeaseBook.Look look = book.look();
    Collection<LeaseBook.Held> held = book.held();
    Map<String, Asset> listed =
        client.listAll().stream().collect(Collectors.toMap(Asset::getId, Function.identity()));
    for (LeaseBook.Held lease : held) {
      Asset asset = listed.get(lease.assetId());
      boolean available = asset != null && asset.getStatus() == AssetStatus.ASSET_STATUS_AVAILABLE;
      if (!available && book.isHeld(lease)) {
        findings.violated(lease + " is held, and its asset is " + text(asset));
      }
    }
    for (Asset asset : listed.values()) {
      LeaseBook.Bounds bounds = look.bounds(asset.getId());
      int count = asset.getReferenceCount();
      if (count < bounds.least() || count > bounds.most()) {
        findings.violated(asset.getId() + " has " + count + " leases, expected " + bounds);
      }
    }
    findings.count(LEASES_COMPARED, held.size());
    findings.count(COUNTS_COMPARED, listed.size());
  }

  private static String text(@org.jspecify.annotations.Nullable Asset asset) {
    return asset == null ? "not listed" : asset.getStatus().name();
  }
}
