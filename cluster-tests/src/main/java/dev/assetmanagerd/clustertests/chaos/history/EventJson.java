package dev.assetmanagerd.clustertests.chaos.history;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Events as JSON objects. What is empty, 0 or false is left out. */
final class EventJson {
  private EventJson() {}

  static JsonObject toJson(HistoryEvent event) {
    return event instanceof Call call ? toJson(call) : toJson((FaultEvent) event);
  }

  static HistoryEvent fromJson(JsonObject json) {
    String type = string(json, "event");
    return switch (type) {
      case "call" -> call(json);
      case "fault" -> fault(json);
      default -> throw new IllegalArgumentException("\"" + type + "\" is no event of a history");
    };
  }

  private static JsonObject toJson(Call call) {
    JsonObject json = new JsonObject();
    json.addProperty("event", "call");
    json.addProperty("sequence", call.sequence());
    json.addProperty("process", call.process());
    json.addProperty("kind", call.kind().name().toLowerCase(Locale.ROOT));
    put(json, "assets", call.assets());
    put(json, "key", call.key());
    json.addProperty("invoke", call.invokeNanos());
    json.addProperty("return", call.returnNanos());
    put(json, "nodes", call.nodes());
    put(json, "doubtful", call.doubtful());
    putInput(json, call.input());
    json.addProperty("outcome", call.outcome().word());
    if (call.outcome() instanceof Outcome.Ok ok) {
      json.add("value", toJson(ok.value()));
    } else if (call.outcome() instanceof Outcome.Fail fail) {
      put(json, "code", fail.code());
      put(json, "message", fail.message());
    } else if (call.outcome() instanceof Outcome.Unknown unknown) {
      put(json, "code", unknown.code());
      put(json, "message", unknown.message());
    }
    return json;
  }

  private static Call call(JsonObject json) {
    return new Call(
        (int) number(json, "process"),
        number(json, "sequence"),
        Kind.valueOf(string(json, "kind").toUpperCase(Locale.ROOT)),
        names(json, "assets"),
        input(json),
        string(json, "key"),
        outcome(json),
        number(json, "invoke"),
        number(json, "return"),
        names(json, "nodes"),
        (int) number(json, "doubtful"));
  }

  private static Outcome outcome(JsonObject json) {
    String word = string(json, "outcome");
    return switch (word) {
      case "ok" -> new Outcome.Ok(value(json.getAsJsonObject("value")));
      case "fail" -> new Outcome.Fail(string(json, "code"), string(json, "message"));
      case "unknown" -> new Outcome.Unknown(string(json, "code"), string(json, "message"));
      default -> throw new IllegalArgumentException("\"" + word + "\" is no outcome");
    };
  }

  private static void putInput(JsonObject json, Input input) {
    put(json, "leases", input.leases());
    put(json, "ttl_millis", input.ttlMillis());
    put(json, "session", input.session());
    put(json, "force", input.force());
    put(json, "content", input.content());
    put(json, "relaxed", input.relaxed());
  }

  private static Input input(JsonObject json) {
    return new Input(
        strings(json, "leases"),
        number(json, "ttl_millis"),
        string(json, "session"),
        flag(json, "force"),
        name(json, "content"),
        flag(json, "relaxed"));
  }

  private static JsonObject toJson(Value value) {
    JsonObject json = new JsonObject();
    if (!value.seen().isEmpty()) {
      JsonArray seen = new JsonArray();
      value.seen().forEach(asset -> seen.add(toJson(asset)));
      json.add("seen", seen);
    }
    if (!value.leases().isEmpty()) {
      JsonObject leases = new JsonObject();
      value.leases().forEach(leases::addProperty);
      json.add("leases", leases);
    }
    put(json, "not_found", value.notFound());
    put(json, "deleted", value.deleted());
    put(json, "complete", value.complete());
    return json;
  }

  private static Value value(JsonObject json) {
    List<Seen> seen = new ArrayList<>();
    if (json.has("seen")) {
      json.getAsJsonArray("seen").forEach(asset -> seen.add(seen(asset.getAsJsonObject())));
    }
    Map<String, String> leases = new TreeMap<>();
    if (json.has("leases")) {
      json.getAsJsonObject("leases")
          .entrySet()
          .forEach(lease -> leases.put(lease.getKey(), lease.getValue().getAsString()));
    }
    return new Value(
        seen, leases, strings(json, "not_found"), flag(json, "deleted"), flag(json, "complete"));
  }

  private static JsonObject toJson(Seen seen) {
    JsonObject json = new JsonObject();
    json.addProperty("asset", seen.asset());
    put(json, "status", seen.status());
    if (seen.references() != Seen.NOT_SAID) {
      json.addProperty("references", seen.references());
    }
    put(json, "content", seen.content());
    return json;
  }

  private static Seen seen(JsonObject json) {
    return new Seen(
        name(json, "asset"),
        name(json, "status"),
        json.has("references") ? json.get("references").getAsInt() : Seen.NOT_SAID,
        name(json, "content"));
  }

  private static JsonObject toJson(FaultEvent fault) {
    JsonObject json = new JsonObject();
    json.addProperty("event", "fault");
    json.addProperty("fault", fault.fault());
    json.addProperty("at", fault.atNanos());
    json.addProperty("begins", fault.begins());
    put(json, "nodes", fault.nodes());
    put(json, "detail", fault.detail());
    json.addProperty("quorum", fault.quorum());
    return json;
  }

  private static FaultEvent fault(JsonObject json) {
    return new FaultEvent(
        string(json, "fault"),
        flag(json, "begins"),
        strings(json, "nodes"),
        string(json, "detail"),
        flag(json, "quorum"),
        number(json, "at"));
  }

  private static void put(JsonObject json, String name, String text) {
    if (!text.isEmpty()) {
      json.addProperty(name, text);
    }
  }

  private static void put(JsonObject json, String name, long number) {
    if (number != 0) {
      json.addProperty(name, number);
    }
  }

  private static void put(JsonObject json, String name, boolean flag) {
    if (flag) {
      json.addProperty(name, true);
    }
  }

  private static void put(JsonObject json, String name, List<String> texts) {
    if (!texts.isEmpty()) {
      JsonArray array = new JsonArray();
      texts.forEach(array::add);
      json.add(name, array);
    }
  }

  private static String string(JsonObject json, String name) {
    return json.has(name) ? json.get(name).getAsString() : "";
  }

  /** One of few that come again and again: half an hour of them would not be had in memory else. */
  private static String name(JsonObject json, String name) {
    return string(json, name).intern();
  }

  private static List<String> names(JsonObject json, String name) {
    return strings(json, name).stream().map(String::intern).toList();
  }

  private static long number(JsonObject json, String name) {
    return json.has(name) ? json.get(name).getAsLong() : 0;
  }

  private static boolean flag(JsonObject json, String name) {
    return json.has(name) && json.get(name).getAsBoolean();
  }

  private static List<String> strings(JsonObject json, String name) {
    List<String> strings = new ArrayList<>();
    if (json.has(name)) {
      for (JsonElement element : json.getAsJsonArray(name)) {
        strings.add(element.getAsString());
      }
    }
    return strings;
  }
}
