package dev.assetmanagerd.clustertests.chaos.workload;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.PrepareAssetsRequest;
import dev.assetmanagerd.api.v1.PrepareAssetsResponse;
import dev.assetmanagerd.clustertests.chaos.history.Input;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.chaos.history.Value;
import dev.assetmanagerd.clustertests.chaos.workload.RecordedCalls.End;
import dev.assetmanagerd.clustertests.chaos.workload.RecordedCalls.Ended;
import dev.assetmanagerd.clustertests.client.Sha256Sum;
import dev.assetmanagerd.clustertests.client.UnaryCaller.Answer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Prepares assets into a directory of its own each time, hashes what is there then, and writes into
 * it as a guest would, which must not get through to where it came from.
 */
final class PrepareSteps {
  private static final String LEASE_TTL = "assetmanager-lease-ttl";
  private static final String LEASES = "assetmanager-leases";
  private static final int TTL_SECONDS = 4;
  private static final double PAIR_SHARE = 0.3;
  private static final byte[] GUEST_BYTES = "guest".getBytes(StandardCharsets.US_ASCII);

  private final Ground ground;
  private final Caller caller;
  private final SessionSteps session;
  private final Path jail;
  private final String holder;
  private int calls;

  PrepareSteps(Ground ground, Caller caller, SessionSteps session, Path jails, String holder) {
    this.ground = ground;
    this.caller = caller;
    this.session = session;
    this.jail = jails.resolve(holder);
    this.holder = holder;
  }

  void prepare() {
    List<AssetSpec> assets = chosen();
    List<String> ids = assets.stream().map(AssetSpec::id).toList();
    Path target = jail.resolve(Integer.toString(calls++));
    Keeping keeping = keeping();
    if (keeping.isAsked()) {
      ids.forEach(ground.book()::acquiring);
    }
    PrepareAssetsRequest request =
        PrepareAssetsRequest.newBuilder()
            .addAllAssetIds(ids)
            .setTargetPath(target.toString())
            .setPreparedFor(holder)
            .build();
    Ended<Answer<PrepareAssetsResponse>> ended =
        caller
            .call(Kind.PREPARE, ids, keeping.input())
            .with(keeping.headers())
            // Each node that is asked holds them while it works, and where it cannot give them
            // back, for a while longer.
            .first(() -> ids.forEach(ground.book()::acquiring))
            .unary(AssetManagerServiceGrpc.getPrepareAssetsMethod(), request, this::value);
    Answer<PrepareAssetsResponse> answer = ended.answer();
    if (answer != null) {
      look(assets, answer.message().getAssetPathsMap());
      leave(target);
      compareKept(ids, keeping, answer.headers());
    } else if (ended.end() == End.REFUSED && keeping.isAsked()) {
      ids.forEach(ground.book()::refused);
    }
  }

  /** One asset, or two that get different names. */
  private List<AssetSpec> chosen() {
    SplittableRandom random = caller.random();
    List<AssetSpec> chosen = new ArrayList<>(List.of(ground.catalogue().any(random)));
    AssetSpec other = ground.catalogue().any(random);
    if (random.nextDouble() < PAIR_SHARE && other.isKernel() != chosen.get(0).isKernel()) {
      chosen.add(other);
    }
    return chosen;
  }

  /** Leases to keep. */
  private record Keeping(Input input, Map<String, String> headers) {
    boolean isAsked() {
      return !headers.isEmpty();
    }
  }

  private Keeping keeping() {
    int dice = caller.random().nextInt(10);
    Optional<String> current = session.current();
    if (dice < 5) {
      return new Keeping(
          Input.NONE.withTtlMillis(TTL_SECONDS * 1000L), Map.of(LEASE_TTL, TTL_SECONDS + "s"));
    }
    return dice < 7 && current.isPresent()
        ? new Keeping(
            Input.NONE.withSession(current.get()), Map.of(SessionSteps.HEADER, current.get()))
        : new Keeping(Input.NONE, Map.of());
  }

  private Value value(Answer<PrepareAssetsResponse> answer) {
    return Value.granted(List.of(), leases(answer.headers()));
  }

  /** {@code asset1=lease1, asset2=lease2}. */
  static Map<String, String> leases(Map<String, String> headers) {
    Map<String, String> leases = new HashMap<>();
    for (String pair : headers.getOrDefault(LEASES, "").split(",", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        leases.put(pair.substring(0, equals).strip(), pair.substring(equals + 1).strip());
      }
    }
    return leases;
  }

  private void compareKept(List<String> ids, Keeping keeping, Map<String, String> headers) {
    Map<String, String> leases = leases(headers);
    Set<String> asked = keeping.isAsked() ? Set.copyOf(ids) : Set.of();
    if (!leases.keySet().equals(asked)) {
      ground
          .violations()
          .violated("prepared were %s with %s, and kept is %s".formatted(ids, keeping, leases));
    }
  }

  private void look(List<AssetSpec> assets, Map<String, String> paths) {
    try {
      for (AssetSpec asset : assets) {
        String path = paths.get(asset.id());
        if (path == null) {
          ground.violations().violated(asset + " was prepared, and it is not said where");
        } else {
          look(asset, Path.of(path));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot look at what was prepared", e);
    }
  }

  /** An attempt that got lost may still be at it. */
  private static void leave(Path target) {
    try {
      Files.deleteIfExists(target);
    } catch (IOException notEmpty) {
      // left to whoever removes all of it in the end
    }
  }

  private void look(AssetSpec asset, Path file) throws IOException {
    String found = Sha256Sum.of(file);
    ground.violations().looked("prepared files compared");
    if (!asset.canBe(found)) {
      ground.violations().violated(asset + " was prepared as " + file + ", which is " + found);
    } else if (!asset.isKernel()) {
      writeInto(file);
      if (!asset.uploaded()) {
        lookAtSource(found);
      }
    }
    Files.deleteIfExists(file);
  }

  private static void writeInto(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(GUEST_BYTES), 0);
    }
  }

  /** The blob is an anchor's, which is leased for ever. */
  private void lookAtSource(String checksum) throws IOException {
    Optional<Path> store = ground.options().blobs();
    Optional<Asset> anchor =
        ground.anchors().stream().filter(a -> a.getChecksum().equals(checksum)).findFirst();
    if (store.isEmpty() || anchor.isEmpty()) {
      return;
    }
    String found = Sha256Sum.of(store.get().resolve(anchor.get().getLocation()));
    ground.violations().looked("sources of prepared files compared");
    if (!found.equals(checksum)) {
      ground
          .violations()
          .violated(
              "a guest wrote into what was prepared of %s, and now that is %s"
                  .formatted(anchor.get(), found));
    }
  }
}
