package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.log.v1.CondemnBlobs;
import dev.assetmanagerd.log.v1.ForgetBlobs;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import dev.assetmanagerd.log.v1.ReserveBlob;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Blobs of one backend in plain maps, by location. */
final class ModelBlobs {
  private static final long GONE_MILLIS = 30L * 24 * 3_600_000;

  record Reservation(String id, String location, String checksum, long size, long until) {
    boolean isFor(Asset asset) {
      return location.equals(asset.getLocation())
          && checksum.equals(asset.getChecksum())
          && size == asset.getSizeBytes();
    }
  }

  final Map<String, Reservation> reservations = new TreeMap<>();
  final Set<String> condemned = new TreeSet<>();

  /** Until when its name is not used again. */
  private final Map<String, Long> gone = new TreeMap<>();

  private final Model model;
  private final ModelAssets assets;

  ModelBlobs(Model model, ModelAssets assets) {
    this.model = model;
    this.assets = assets;
  }

  @Nullable Reservation live(String id) {
    Reservation reservation = reservations.get(id);
    return reservation != null && reservation.until() > model.clock ? reservation : null;
  }

  /** Being deleted, or deleted so lately that its name is not used again. */
  boolean tombstone(String location) {
    return condemned.contains(location) || gone.getOrDefault(location, 0L) > model.clock;
  }

  String reserve(ReserveBlob c) {
    if (c.getReservationId().isEmpty()) {
      return Model.no(Rule.RULE_INVALID, "reservation_id");
    }
    if (c.getChecksum().length() != 64) {
      return Model.no(Rule.RULE_INVALID, "checksum");
    }
    if (c.getTtlMillis() < 1) {
      return Model.no(Rule.RULE_INVALID, "ttl_millis");
    }
    Reservation held = reservations.get(c.getReservationId());
    long until = model.clock + c.getTtlMillis();
    String location;
    if (held == null) {
      location = choose(c);
    } else if (!held.checksum().equals(c.getChecksum()) || held.size() != c.getSizeBytes()) {
      return Model.no(Rule.RULE_INVALID, "reservation_id");
    } else if (held.until() <= model.clock) {
      return Model.no(Rule.RULE_RESERVATION_EXPIRED, "reservation_id");
    } else {
      location = held.location();
      until = Math.max(until, held.until());
    }
    reservations.put(
        c.getReservationId(),
        new Reservation(c.getReservationId(), location, c.getChecksum(), c.getSizeBytes(), until));
    if (held == null) {
      forgetExpired();
    }
    boolean stored = sameBytes(c).contains(location);
    return "reserved " + c.getReservationId() + " " + location + (stored ? " stored" : "");
  }

  /** Each new reservation takes two expired ones away. */
  private void forgetExpired() {
    reservations.values().stream()
        .filter(reservation -> reservation.until() <= model.clock)
        .sorted(Comparator.comparing(Reservation::until).thenComparing(Reservation::id))
        .limit(2)
        .toList()
        .forEach(reservation -> reservations.remove(reservation.id()));
  }

  /** Where AVAILABLE assets have these bytes. */
  private List<String> sameBytes(ReserveBlob c) {
    return locations(c, AssetStatus.ASSET_STATUS_AVAILABLE);
  }

  private List<String> locations(ReserveBlob c, AssetStatus status) {
    return assets.byId.values().stream()
        .filter(asset -> asset.getStatus() == status)
        .filter(asset -> asset.getChecksum().equals(c.getChecksum()))
        .filter(asset -> asset.getSizeBytes() == c.getSizeBytes())
        .map(Asset.Builder::getLocation)
        .sorted()
        .toList();
  }

  private String choose(ReserveBlob c) {
    String plain = c.getChecksum().substring(0, 2) + "/" + c.getChecksum();
    for (AssetStatus status :
        List.of(AssetStatus.ASSET_STATUS_AVAILABLE, AssetStatus.ASSET_STATUS_ERROR)) {
      for (String location : locations(c, status)) {
        if (number(location, plain) > 0 && !buried(location)) {
          return location;
        }
      }
    }
    int last = 0;
    Set<String> names = new TreeSet<>(condemned);
    names.addAll(gone.keySet());
    for (String name : names) {
      last = buried(name) ? Math.max(last, number(name, plain)) : last;
    }
    return last == 0 ? plain : plain + "." + (last + 1);
  }

  /** 1 for the plain name, 0 for no name of these bytes at all. */
  private static int number(String location, String plain) {
    if (location.equals(plain)) {
      return 1;
    }
    return location.startsWith(plain + ".")
        ? Integer.parseInt(location.substring(plain.length() + 1))
        : 0;
  }

  private boolean buried(String location) {
    return condemned.contains(location) || gone.getOrDefault(location, 0L) > model.clock;
  }

  private boolean reserved(String location) {
    return reservations.values().stream()
        .anyMatch(r -> r.location().equals(location) && r.until() > model.clock);
  }

  private boolean recorded(String location) {
    return assets.byId.values().stream().anyMatch(a -> a.getLocation().equals(location));
  }

  /** What a backup may refer to is kept for that. */
  boolean condemnUnlessNeeded(String location) {
    if (used(location) || model.backups.keep(location)) {
      return false;
    }
    return condemnUnlessUsed(location);
  }

  /** An asset has got its bytes elsewhere. */
  void keepUnlessUsed(String location) {
    if (!used(location)) {
      model.backups.keep(location);
    }
  }

  boolean condemnUnlessUsed(String location) {
    if (used(location) || reserved(location)) {
      return false;
    }
    condemned.add(location);
    return true;
  }

  private boolean used(String location) {
    return assets.byId.values().stream()
        .filter(asset -> asset.getStatus() != AssetStatus.ASSET_STATUS_DELETING)
        .anyMatch(asset -> asset.getLocation().equals(location));
  }

  /** Whether it was condemned, and nothing refers to it. */
  boolean deleted(String location) {
    if (recorded(location) || !condemned.remove(location)) {
      return false;
    }
    gone.put(location, model.clock + GONE_MILLIS);
    return true;
  }

  private static @Nullable String malformed(int backend, List<String> locations) {
    if (backend == 0) {
      return Model.no(Rule.RULE_INVALID, "backend");
    }
    return locations.contains("") ? Model.no(Rule.RULE_INVALID, "locations") : null;
  }

  String condemn(CondemnBlobs c) {
    String malformed = malformed(c.getBackendValue(), c.getLocationsList());
    if (malformed != null) {
      return malformed;
    }
    List<String> added = new ArrayList<>();
    for (String location : c.getLocationsList()) {
      boolean free = !recorded(location) && !reserved(location) && !model.backups.isKept(location);
      if (free && condemned.add(location)) {
        added.add(location);
      }
    }
    return "condemned " + added;
  }

  String forget(ForgetBlobs c) {
    String malformed = malformed(c.getBackendValue(), c.getLocationsList());
    return malformed != null
        ? malformed
        : "forgotten " + c.getLocationsList().stream().filter(this::deleted).toList();
  }
}
