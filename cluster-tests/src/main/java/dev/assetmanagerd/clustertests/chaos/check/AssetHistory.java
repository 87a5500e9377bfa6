package dev.assetmanagerd.clustertests.chaos.check;

import java.util.ArrayList;
import java.util.List;

/** What happened to one asset. */
final class AssetHistory {
  private final String asset;
  private final LeaseTable table = new LeaseTable();
  private final List<Operation<AssetOperation>> operations = new ArrayList<>();
  private long lastReturn;

  AssetHistory(String asset) {
    this.asset = asset;
  }

  String asset() {
    return asset;
  }

  LeaseTable table() {
    return table;
  }

  List<Operation<AssetOperation>> operations() {
    return operations;
  }

  void done(AssetOperation operation, long invokeNanos, long returnNanos, long call) {
    operations.add(Operation.done(operation, invokeNanos, returnNanos, call));
    lastReturn = Math.max(lastReturn, returnNanos);
  }

  void perhaps(AssetOperation operation, long invokeNanos, long call) {
    operations.add(Operation.perhaps(operation, invokeNanos, call));
  }

  /**
   * Lets a lease be gone from the moment on that it may be; what would come after all answers is
   * left out. To be called when everything else is known.
   */
  void mayEnd(int lease, long call) {
    long from = table.isOneOfMany(lease) ? table.mayBeGoneFrom(lease) : table.endsFrom(lease);
    if (from <= lastReturn && !table.isSurelyReleased(lease)) {
      perhaps(new AssetOperation.End(lease), from, call);
    }
  }
}
