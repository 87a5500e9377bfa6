package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.LogEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Log entries made of a seed. Ids come from small sets, so that commands meet: registering twice,
 * acquiring what is being deleted, releasing twice, expiring with a limit.
 */
final class RandomEntries {
  private static final int ASSETS = 25;
  private static final int LEASES = 60;

  private final Random random;
  private long wall = TestRegistry.START;
  private long reading;

  RandomEntries(long seed) {
    random = new Random(seed);
  }

  List<LogEntry> next(int count) {
    List<LogEntry> entries = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      entries.add(next());
    }
    return entries;
  }

  private LogEntry next() {
    // The wall clock jumps both ways; the cluster clock does not follow it.
    wall += random.nextInt(20) == 0 ? random.nextInt(2000) - 1000 : random.nextInt(3);
    List<Command> commands = new ArrayList<>();
    int count = random.nextInt(6);
    for (int i = 0; i < count; i++) {
      commands.add(command());
    }
    reading += random.nextInt(3) == 0 ? random.nextInt(3000) : 0;
    return Commands.entry(wall, reading, commands);
  }

  private Command command() {
    return switch (random.nextInt(12)) {
      case 0, 1, 2 -> Commands.register(asset());
      case 3, 4, 5 -> Commands.acquire(assetId(), leaseId(), random.nextInt(6) - 1);
      case 6, 7 -> Commands.release(leaseId());
      case 8 ->
          Commands.mark(random.nextInt(3) * 100L, random.nextInt(3) == 0, assetId(), assetId());
      case 9 -> Commands.purge(assetId(), assetId(), assetId());
      case 10 -> Commands.expire(random.nextInt(4));
      default -> Commands.touch(assetId(), assetId());
    };
  }

  private Asset asset() {
    String id = assetId();
    Asset.Builder asset = Commands.asset(id).toBuilder();
    asset.setType(AssetType.forNumber(1 + random.nextInt(2)));
    asset.setLocation("blobs/" + random.nextInt(ASSETS));
    for (int i = random.nextInt(4); i > 0; i--) {
      asset.putLabels("k" + random.nextInt(3), "v" + random.nextInt(3));
    }
    return asset.build();
  }

  private String assetId() {
    return "asset-" + random.nextInt(ASSETS);
  }

  private String leaseId() {
    return "lease-" + random.nextInt(LEASES);
  }
}
