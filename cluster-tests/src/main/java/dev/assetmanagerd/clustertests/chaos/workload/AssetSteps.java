package dev.assetmanagerd.clustertests.chaos.workload;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.DeleteAssetRequest;
import dev.assetmanagerd.api.v1.DeleteAssetResponse;
import dev.assetmanagerd.api.v1.GarbageCollectRequest;
import dev.assetmanagerd.api.v1.GetAssetRequest;
import dev.assetmanagerd.api.v1.ListAssetsRequest;
import dev.assetmanagerd.api.v1.QueryAssetsRequest;
import dev.assetmanagerd.api.v1.RegisterAssetRequest;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.clustertests.chaos.history.Input;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.chaos.history.Seen;
import dev.assetmanagerd.clustertests.chaos.history.Value;
import dev.assetmanagerd.clustertests.chaos.workload.AssetSpec.Content;
import dev.assetmanagerd.clustertests.chaos.workload.RecordedCalls.Ended;
import dev.assetmanagerd.clustertests.client.RandomContent;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The calls of one client that make, delete and look at assets. */
final class AssetSteps {
  private static final String RUN_LABEL = "workload";
  private static final String GROUP_LABEL = "group";
  private static final int PAGE_MAX = 1000;
  private static final double SECOND_CONTENT_SHARE = 0.1;
  private static final double FORCE_SHARE = 0.4;
  private static final double RELAXED_SHARE = 0.2;
  private static final Pattern REFERENCES = Pattern.compile("has (\\d+) references?;");
  private static final Map<String, String> STALE =
      Map.of("assetmanager-consistency", "stale; max-age=60s");

  private final Ground ground;
  private final Caller caller;

  AssetSteps(Ground ground, Caller caller) {
    this.ground = ground;
    this.caller = caller;
  }

  void register(AssetSpec asset) {
    int variant = variant();
    Content content = asset.contents().get(variant);
    Asset anchor = ground.anchors().get(ground.catalogue().anchors().indexOf(content));
    RegisterAssetRequest.Builder request =
        RegisterAssetRequest.newBuilder()
            .setId(asset.id())
            .setName(asset.id())
            .setType(asset.type())
            .setBackend(anchor.getBackend())
            .setLocation(anchor.getLocation())
            .setCreatedBy(RUN_LABEL)
            .putAllLabels(labels(asset));
    if (caller.random().nextBoolean()) {
      request.setSizeBytes(content.size()).setChecksum(content.sha256());
    }
    caller
        .call(Kind.REGISTER, List.of(asset.id()), Input.NONE.withContent(content.sha256()))
        .unary(
            AssetManagerServiceGrpc.getRegisterAssetMethod(),
            request.build(),
            answer -> Value.of(seen(answer.message().getAsset())));
  }

  void upload(AssetSpec asset) {
    Content content = asset.contents().get(variant());
    Ended<Asset> ended =
        caller
            .call(Kind.UPLOAD, List.of(asset.id()), Input.NONE.withContent(content.sha256()))
            .upload(
                metadata(asset.id(), asset.type(), content).putAllLabels(labels(asset)).build(),
                new RandomContent(content.seed(), content.size()),
                uploaded -> Value.of(seen(uploaded)));
    Asset uploaded = ended.answer();
    if (uploaded != null) {
      compare(uploaded, content);
    }
  }

  /** Brings the bytes of an anchor. */
  static Ended<Asset> uploadAnchor(Caller caller, String id, Content content) {
    return caller
        .call(Kind.UPLOAD, List.of(id), Input.NONE.withContent(content.sha256()))
        .once()
        .upload(
            metadata(id, AssetType.ASSET_TYPE_DISK_IMAGE, content).build(),
            new RandomContent(content.seed(), content.size()),
            uploaded -> Value.of(seen(uploaded)));
  }

  private static UploadAssetMetadata.Builder metadata(String id, AssetType type, Content content) {
    return UploadAssetMetadata.newBuilder()
        .setId(id)
        .setName(id)
        .setType(type)
        .setSizeBytes(content.size())
        .setCreatedBy(RUN_LABEL);
  }

  private void compare(Asset uploaded, Content content) {
    ground.violations().looked("uploads compared");
    if (!uploaded.getChecksum().equals(content.sha256())
        || uploaded.getSizeBytes() != content.size()) {
      ground.violations().violated("uploaded were " + content + ", and stored is " + uploaded);
    }
  }

  private int variant() {
    return caller.random().nextDouble() < SECOND_CONTENT_SHARE ? 1 : 0;
  }

  private Map<String, String> labels(AssetSpec asset) {
    return Map.of(
        RUN_LABEL, ground.catalogue().run(), GROUP_LABEL, Integer.toString(asset.group()));
  }

  void delete(AssetSpec asset) {
    boolean force = !asset.steady() && caller.random().nextDouble() < FORCE_SHARE;
    DeleteAssetRequest request =
        DeleteAssetRequest.newBuilder().setId(asset.id()).setForce(force).build();
    caller
        .call(Kind.DELETE, List.of(asset.id()), force ? Input.NONE.byForce() : Input.NONE)
        .unary(
            AssetManagerServiceGrpc.getDeleteAssetMethod(),
            request,
            answer -> deleted(asset.id(), answer.message()));
  }

  static Value deleted(String id, DeleteAssetResponse answer) {
    if (answer.getDeleted()) {
      return Value.wasDeleted();
    }
    Matcher references = REFERENCES.matcher(answer.getMessage());
    return Value.stillLeased(
        id, references.find() ? Integer.parseInt(references.group(1)) : Seen.NOT_SAID);
  }

  /** Collects what nobody has used for some seconds. */
  void collect(int idleSeconds) {
    GarbageCollectRequest request =
        GarbageCollectRequest.newBuilder()
            .setMaxAgeSeconds(idleSeconds)
            .setDeleteUnreferenced(true)
            .build();
    caller
        .call(Kind.COLLECT, ground.catalogue().ids(), Input.NONE)
        .unary(
            AssetManagerServiceGrpc.getGarbageCollectMethod(),
            request,
            answer -> Value.listed(ours(answer.message().getDeletedAssetsList()), false));
  }

  /** Whether it is there. */
  boolean get(AssetSpec asset) {
    boolean relaxed = caller.random().nextDouble() < RELAXED_SHARE;
    GetAssetRequest request = GetAssetRequest.newBuilder().setId(asset.id()).build();
    return !caller
        .call(Kind.GET, List.of(asset.id()), relaxed ? Input.NONE.notLinearizable() : Input.NONE)
        .with(relaxed ? STALE : Map.of())
        .unary(
            AssetManagerServiceGrpc.getGetAssetMethod(),
            request,
            answer -> Value.of(seen(answer.message().getAsset())))
        .isNotFound();
  }

  void list(AssetSpec oneOfThem) {
    ListAssetsRequest request =
        ListAssetsRequest.newBuilder()
            .putAllLabelSelector(labels(oneOfThem))
            .setPageSize(PAGE_MAX)
            .build();
    caller
        .call(Kind.LIST, ground.catalogue().idsOfGroup(oneOfThem.group()), Input.NONE)
        .unary(
            AssetManagerServiceGrpc.getListAssetsMethod(),
            request,
            answer ->
                Value.listed(
                    ours(answer.message().getAssetsList()),
                    answer.message().getNextPageToken().isEmpty()));
  }

  /** Lists by another name; has nothing built. */
  void query(AssetSpec oneOfThem) {
    QueryAssetsRequest request =
        QueryAssetsRequest.newBuilder()
            .setType(oneOfThem.type())
            .putAllLabelSelector(labels(oneOfThem))
            .setPageSize(PAGE_MAX)
            .build();
    caller
        .call(Kind.QUERY, ground.catalogue().idsOfGroup(oneOfThem.group()), Input.NONE)
        .unary(
            AssetManagerServiceGrpc.getQueryAssetsMethod(),
            request,
            answer ->
                Value.listed(
                    ours(answer.message().getAssetsList()),
                    answer.message().getNextPageToken().isEmpty()));
  }

  private List<Seen> ours(List<Asset> assets) {
    return assets.stream()
        .filter(asset -> ground.catalogue().find(asset.getId()) != null)
        .map(AssetSteps::seen)
        .toList();
  }

  static Seen seen(Asset asset) {
    String status = asset.getStatus().name();
    return new Seen(
        asset.getId(),
        status.substring("ASSET_STATUS_".length()),
        asset.getReferenceCount(),
        asset.getChecksum());
  }
}
