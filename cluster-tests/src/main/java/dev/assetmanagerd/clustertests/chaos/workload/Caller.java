package dev.assetmanagerd.clustertests.chaos.workload;

import com.google.protobuf.Message;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.clustertests.chaos.history.Input;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.chaos.history.Value;
import dev.assetmanagerd.clustertests.chaos.workload.RecordedCalls.Ended;
import dev.assetmanagerd.clustertests.chaos.workload.RecordedCalls.Plan;
import dev.assetmanagerd.clustertests.client.RandomContent;
import dev.assetmanagerd.clustertests.client.UnaryCaller.Answer;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;

/** How one client says what it calls. Gives most changes a key. Belongs to one thread. */
final class Caller {
  private static final double KEY_SHARE = 0.9;

  private final RecordedCalls calls;
  private final SplittableRandom random;
  private final Duration patience;
  private final String keyPrefix;
  private long keys;

  /**
   * @param keyPrefix begins all keys; nobody else has it
   */
  Caller(RecordedCalls calls, SplittableRandom random, Duration patience, String keyPrefix) {
    this.calls = calls;
    this.random = random;
    this.patience = patience;
    this.keyPrefix = keyPrefix;
  }

  SplittableRandom random() {
    return random;
  }

  /** A call, with a key if it is one that may have it. */
  Wording call(Kind kind, List<String> assets, Input input) {
    boolean keyed = kind.isWrite() && kind != Kind.KEEP_SESSION && random.nextDouble() < KEY_SHARE;
    return new Wording(kind, assets, input, keyed ? newKey() : "", patience);
  }

  private String newKey() {
    return keyPrefix + "-" + keys++;
  }

  void repeat() {
    calls.repeat(patience);
  }

  void turnAway() {
    calls.turnAway();
  }

  /** A call that only its request lacks. */
  final class Wording {
    private final Kind kind;
    private final List<String> assets;
    private final Input input;
    private final Map<String, String> headers = new HashMap<>();
    private String key;
    private Duration within;
    private Runnable first = () -> {};

    private Wording(Kind kind, List<String> assets, Input input, String key, Duration within) {
      this.kind = kind;
      this.assets = assets;
      this.input = input;
      this.key = key;
      this.within = within;
    }

    /** The same with headers. */
    Wording with(Map<String, String> more) {
      headers.putAll(more);
      return this;
    }

    /** The same with a key for certain. */
    Wording once() {
      key = key.isEmpty() ? newKey() : key;
      return this;
    }

    /** The same with another key, that of an earlier call. */
    Wording with(String earlierKey) {
      key = earlierKey;
      return this;
    }

    /** The same with less patience. */
    Wording within(Duration most) {
      within = most;
      return this;
    }

    /** The same with something to be done before each attempt. */
    Wording first(Runnable doing) {
      first = doing;
      return this;
    }

    /** The key, empty for none. */
    String key() {
      return key;
    }

    <Q extends Message, S extends Message> Ended<Answer<S>> unary(
        MethodDescriptor<Q, S> method, Q request, Function<Answer<S>, Value> value) {
      return calls.make(
          new Plan<>(
              kind,
              assets,
              input,
              headers,
              key,
              (caller, node, all, timeout) -> {
                first.run();
                return caller.call(node, method, request, all, timeout);
              },
              value),
          within);
    }

    Ended<Asset> upload(
        UploadAssetMetadata metadata, RandomContent content, Function<Asset, Value> value) {
      return calls.make(
          new Plan<>(
              kind,
              assets,
              input,
              headers,
              key,
              (caller, node, all, timeout) -> caller.upload(node, metadata, content, all, timeout),
              value),
          within);
    }
  }
}
