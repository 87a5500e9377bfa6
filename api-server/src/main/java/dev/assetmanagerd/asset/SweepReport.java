package dev.assetmanagerd.asset;

import dev.assetmanagerd.garbage.v1.SweepOrphansResponse;
import dev.assetmanagerd.garbage.v1.SweepOrphansResponse.OrphanBlob;

/** What a sweep has found: complete counts, and the first of each kind. For one thread. */
final class SweepReport {
  private static final int MAX_LISTED = 1000;

  private final SweepOrphansResponse.Builder response = SweepOrphansResponse.newBuilder();

  void orphan(String location, long sizeBytes) {
    response
        .setOrphanBlobCount(response.getOrphanBlobCount() + 1)
        .setOrphanBytes(response.getOrphanBytes() + sizeBytes);
    if (response.getOrphanBlobsCount() < MAX_LISTED) {
      response.addOrphanBlobs(
          OrphanBlob.newBuilder().setLocation(location).setSizeBytes(sizeBytes));
    }
  }

  void withoutBlob(String assetId) {
    response.setAssetWithoutBlobCount(response.getAssetWithoutBlobCount() + 1);
    if (response.getAssetsWithoutBlobCount() < MAX_LISTED) {
      response.addAssetsWithoutBlob(assetId);
    }
  }

  void foundAgain(String assetId) {
    if (response.getAssetsFoundAgainCount() < MAX_LISTED) {
      response.addAssetsFoundAgain(assetId);
    }
  }

  void uploads(int count) {
    response.setEndedUploadCount(count);
  }

  SweepOrphansResponse response() {
    return response.build();
  }
}
