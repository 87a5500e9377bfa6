package dev.assetmanagerd.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.hash.Hashing;
import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.sun.net.httpserver.HttpServer;
import dev.assetmanagerd.config.NodeConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Everything that a caller, or whoever can write to the store, might try in order to get out of the
 * directories that are allowed, or to have the node ask where it must not. A real node answers, and
 * a tree of files next to the allowed directories shows that nothing outside was touched.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class HostileInputTest {
  private static final String ASSETS = "asset.v1.AssetManagerService/";
  private static final String WEB_KERNEL = "a kernel from the web";
  private static final Set<String> INVALID = Set.of("invalid_argument");
  private static final Set<String> DENIED =
      Set.of("invalid_argument", "permission_denied", "failed_precondition");
  private static final Set<String> FAILED = Set.of("failed_precondition");

  /** One of these takes a call; a pipe that somebody opens takes it for ever. */
  private static final Duration LONGEST_CALL = Duration.ofSeconds(5);

  private final AtomicInteger insideReached = new AtomicInteger();
  private Path directory;
  private TestNode node;
  private NodeServer server;
  private Canary canary;
  private HttpServer web;
  private HttpServer inside;

  @BeforeAll
  void start(@TempDir Path temporary) throws Exception {
    directory = temporary;
    canary = Canary.in(directory.resolve("canary"));
    node = new TestNode(directory);
    plantInStore(node.blobs());
    plantInJails(directory.resolve("jails"));
    inside = HttpServer.create(loopback("127.0.0.1"), 0);
    inside.createContext(
        "/",
        exchange -> {
          insideReached.incrementAndGet();
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    inside.start();
    web = redirects(inside.getAddress().getPort());
    Map<String, String> environment = node.environment();
    // Hosts that are on the list, at addresses that are not to be connected to.
    environment.put(
        "UNKEY_ASSETMANAGERD_HTTP_SOURCE_HOSTS",
        "images.test:*,*.cdn.test,localhost:*,127.0.0.1:*,127.0.0.2:*,10.0.0.1,192.168.1.1,"
            + "169.254.169.254,0.0.0.0,224.0.0.1,metadata.cdn.test");
    environment.put("UNKEY_ASSETMANAGERD_HTTP_SOURCE_ALLOW_PLAIN", "true");
    server = NodeServer.start(NodeConfig.read(environment));
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> node.get(node.port, "/readyz").statusCode() == 200);
    register("kernel-1", "ASSET_TYPE_KERNEL", "images/kernel");
    for (String name : List.of("linked", "hole", "huge", "pipe", "folder", "hidden")) {
      register(name, "ASSET_TYPE_ROOTFS", "images/" + name + ".ext4");
    }
  }

  @AfterAll
  void stop() {
    server.close();
    web.stop(0);
    inside.stop(0);
  }

  private static InetSocketAddress loopback(String address) throws IOException {
    return new InetSocketAddress(InetAddress.getByName(address), 0);
  }

  private static HttpServer redirects(int insidePort) throws IOException {
    HttpServer web = HttpServer.create(loopback("127.0.0.1"), 0);
    Map<String, String> targets =
        Map.of(
            "/to-metadata", "http://169.254.169.254/latest/meta-data/",
            "/to-loopback", "http://127.0.0.1:" + insidePort + "/x",
            "/to-file", "file:///etc/passwd");
    targets.forEach(
        (path, target) ->
            web.createContext(
                path,
                exchange -> {
                  exchange.getResponseHeaders().set("Location", target);
                  exchange.sendResponseHeaders(302, -1);
                  exchange.close();
                }));
    web.createContext(
        "/kernel",
        exchange -> {
          byte[] bytes = WEB_KERNEL.getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, bytes.length);
          exchange.getResponseBody().write(bytes);
          exchange.close();
        });
    web.start();
    return web;
  }

  /** What somebody who can write to the store may have left there. */
  private static void plantInStore(Path store) throws Exception {
    Path images = Files.createDirectories(store.resolve("images"));
    Path outside = Path.of("../../canary");
    Files.writeString(images.resolve("kernel"), "a kernel");
    Files.createSymbolicLink(store.resolve("tree"), Path.of("../canary"));
    Files.createSymbolicLink(images.resolve("file"), outside.resolve("secret"));
    Files.createSymbolicLink(images.resolve("loop"), Path.of("loop"));
    Files.createSymbolicLink(images.resolve("dangling"), outside.resolve("new"));
    makePipe(images.resolve("fifo"));
    for (String name : List.of("linked", "hole", "huge", "pipe", "folder", "hidden")) {
      Files.writeString(images.resolve(name + ".ext4"), "disk " + name);
    }
    Files.createSymbolicLink(
        images.resolve("linked.ext4.metadata.json"), outside.resolve("secret"));
    Files.createSymbolicLink(images.resolve("hole.metadata.json"), outside.resolve("new"));
    Files.write(images.resolve("huge.ext4.metadata.json"), new byte[(1 << 20) + 1]);
    makePipe(images.resolve("pipe.ext4.metadata.json"));
    Files.createDirectory(images.resolve("folder.ext4.metadata.json"));
    Files.createSymbolicLink(images.resolve("hidden.ext4.metadata.json"), Path.of("../.staging"));
    String name = sha256("a kernel");
    Path shard = Files.createDirectories(store.resolve(name.substring(0, 2)));
    Files.writeString(shard.resolve(name + ".999999999"), "a kernel");
    Files.writeString(shard.resolve(name), "another kernel");
  }

  /** What the guests of other VMs, or their jailers, may have left there. */
  private static void plantInJails(Path jails) throws IOException {
    Files.createDirectories(jails.resolve("vm1"));
    Files.createSymbolicLink(jails.resolve("out"), Path.of("../canary/vm"));
    Files.createSymbolicLink(jails.resolve("vm1/deep"), Path.of("../../canary"));
    Files.createSymbolicLink(jails.resolve("absolute"), jails.resolveSibling("canary"));
    Files.createSymbolicLink(jails.resolve("loop"), Path.of("loop"));
    Files.createSymbolicLink(jails.resolve("dangling"), Path.of("../canary/new"));
    Files.writeString(jails.resolve("file"), "a file");
  }

  private static void makePipe(Path path) throws Exception {
    Process process = new ProcessBuilder("mkfifo", path.toString()).start();
    assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as("mkfifo").isZero();
  }

  private static String sha256(String text) {
    return Hashing.sha256().hashString(text, StandardCharsets.UTF_8).toString();
  }

  private void register(String id, String type, String location) throws Exception {
    HttpResponse<String> answer =
        node.call(
            ASSETS + "RegisterAsset",
            json(Map.of("id", id, "name", id, "type", type, "location", location)));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
  }

  private static String json(Object request) {
    return new Gson().toJson(request);
  }

  Stream<HostileCall> locations() {
    String kernel = sha256("a kernel");
    String named = kernel.substring(0, 2) + "/" + kernel;
    List<HostileCall> calls = new ArrayList<>();
    for (String location :
        List.of(
            "",
            ".",
            "../canary/secret",
            "images/../../canary/secret",
            "images/./kernel",
            "images//kernel",
            canary.root().resolve("secret").toString(),
            node.blobs() + "/../canary/secret",
            "/etc/passwd",
            "//etc/passwd",
            "/proc/self/environ",
            "..\\canary\\secret",
            "images\\kernel",
            "images/kernel\0",
            "images/kernel\0.img",
            "images/ker\nnel",
            "images/ker\u001b[2Jnel",
            "images/ker\u202enel",
            ".staging/x",
            "images/.hidden",
            "tree/secret",
            "tree/vm/vmlinux",
            "images/file",
            "images/loop",
            "images/dangling",
            "images/fifo",
            "images",
            "x".repeat(5000),
            "images/" + "x".repeat(256),
            "a/".repeat(600) + "b",
            named + ".999999999",
            "file:///etc/passwd",
            "https://images.test/kernel")) {
      calls.add(location("location", location, "", INVALID));
    }
    // Nothing is decoded: these are names like others, and there is nothing under them.
    calls.add(location("location", "%2e%2e/canary/secret", "", Set.of("not_found")));
    calls.add(location("location", "..%2fcanary%2fsecret", "", INVALID));
    calls.add(location("location", "images/huge.ext4.metadata.json", "", INVALID));
    // The name of other bytes than those that are there.
    calls.add(location("location", named, "", FAILED));
    return calls.stream();
  }

  Stream<HostileCall> urls() {
    String port = ":" + web.getAddress().getPort();
    return Stream.of(
            "file:///etc/passwd",
            "file://localhost/etc/passwd",
            "ftp://images.test/kernel",
            "gopher://images.test/kernel",
            "jar:https://images.test/a!/b",
            "javascript:alert(1)",
            "/etc/passwd",
            "images/kernel",
            "https:/images.test/kernel",
            "https:///kernel",
            "https://user@images.test/kernel",
            "https://user:pass@images.test/kernel",
            "https://images.test@evil.test/kernel",
            "https://images.test\\@evil.test/kernel",
            "https://images.test%00.evil.test/kernel",
            "https://evil.test/kernel",
            "https://images.test.evil.test/kernel",
            "https://cdn.test/kernel",
            "https://images.test./kernel",
            "https://images.t\u00e9st/kernel",
            "https://\u0131mages.test/kernel",
            "https://images.test:0/kernel",
            "https://images.test:65536/kernel",
            "https://images.test:-1/kernel",
            "https://images.test/../kernel",
            "https://images.test/%2e%2e/kernel",
            "https://images.test/kernel%00",
            "https://images.test/ker\r\nHost: evil.test",
            "https://images.test/kernel#fragment",
            "https://images.test/kernel?X-Amz-Signature=abc",
            "https://images.test/" + "x".repeat(2000),
            "http://127.0.0.1" + port + "/to-metadata",
            "http://localhost" + port + "/to-loopback",
            "http://127.0.0.2" + port + "/",
            "https://10.0.0.1/kernel",
            "https://192.168.1.1/kernel",
            "https://169.254.169.254/latest/meta-data/",
            "http://169.254.169.254/latest/meta-data/",
            "https://0.0.0.0/kernel",
            "https://224.0.0.1/kernel",
            "https://2130706433/kernel",
            "https://0x7f000001/kernel",
            "https://0x7f.0.0.1/kernel",
            "https://0177.0.0.1/kernel",
            "https://127.1/kernel",
            "https://127.0.0.01/kernel",
            "https://0xa9fea9fe/latest/meta-data/",
            "https://[::1]/kernel",
            "https://[::ffff:127.0.0.1]/kernel",
            "https://[::ffff:a9fe:a9fe]/kernel",
            "https://[fe80::1%25lo]/kernel")
        .map(url -> location("location", url, "STORAGE_BACKEND_HTTP", INVALID));
  }

  private static HostileCall location(
      String field, String location, String backend, Set<String> codes) {
    Map<String, Object> request = new LinkedHashMap<>();
    request.put("name", "hostile");
    request.put("type", "ASSET_TYPE_KERNEL");
    request.put("location", location);
    if (!backend.isEmpty()) {
      request.put("backend", backend);
    }
    return call("location " + shown(location), "RegisterAsset", request, Map.of(), codes, field);
  }

  Stream<HostileCall> ids() {
    List<HostileCall> calls = new ArrayList<>();
    for (String id :
        List.of(
            "../canary/secret",
            "..",
            "a/b",
            "/etc/passwd",
            "a\\b",
            "a\0",
            "a\nb",
            "a b",
            "a\u202eb",
            "x".repeat(5000))) {
      calls.add(
          call(
              "id " + shown(id),
              "RegisterAsset",
              Map.of(
                  "id", id, "name", "n", "type", "ASSET_TYPE_KERNEL", "location", "images/kernel"),
              Map.of(),
              INVALID,
              "id"));
      calls.add(call("get " + shown(id), "GetAsset", Map.of("id", id), Map.of(), INVALID, "id"));
      calls.add(
          call(
              "fetch " + shown(id),
              "GetAsset",
              Map.of("id", id, "ensureLocal", true),
              Map.of(),
              INVALID,
              "id"));
      calls.add(
          call("delete " + shown(id), "DeleteAsset", Map.of("id", id), Map.of(), INVALID, "id"));
      calls.add(
          call(
              "acquire " + shown(id),
              "AcquireAsset",
              Map.of("assetId", id, "acquiredBy", "vm"),
              Map.of(),
              INVALID,
              "asset_id"));
      calls.add(prepare("prepare " + shown(id), id, jail("vm2"), Map.of(), INVALID, "asset_ids"));
    }
    return calls.stream();
  }

  private String jail(String name) {
    return directory.resolve("jails") + "/" + name;
  }

  Stream<HostileCall> targets() {
    return Stream.of(
            "",
            "vm2",
            "./vm2",
            "../canary",
            "/",
            "/etc",
            "/proc/self/cwd",
            canary.root().toString(),
            canary.root().resolve("vm").toString(),
            directory.resolve("jails").toString(),
            directory.resolve("jails") + "/",
            directory.resolve("jails-of-others").toString(),
            directory.resolve("blobs/images").toString(),
            directory.resolve("data").toString(),
            directory.resolve("cache").toString(),
            jail("../canary"),
            jail("vm2/../../canary/vm"),
            jail("vm2/../vm1"),
            jail("./vm2"),
            jail("out"),
            jail("out/vm2"),
            jail("absolute/vm"),
            jail("vm1/deep/vm"),
            jail("loop/vm2"),
            jail("dangling"),
            jail("dangling/vm2"),
            jail("file"),
            jail("file/vm2"),
            jail("vm2\0"),
            jail("vm\n2"),
            jail("x".repeat(300)),
            jail("x/".repeat(3000)))
        .map(
            target ->
                prepare(
                    "into " + shown(target), "kernel-1", target, Map.of(), DENIED, "target_path"));
  }

  Stream<HostileCall> headers() {
    List<HostileCall> calls = new ArrayList<>();
    for (String names :
        List.of(
            "kernel-1=../../canary/vm/vmlinux",
            "kernel-1=..",
            "kernel-1=/etc/passwd",
            "kernel-1=a/b",
            "kernel-1=a\\b",
            "kernel-1=.hidden",
            "kernel-1=",
            "kernel-1",
            "=x",
            "../x=y",
            "other=x",
            "kernel-1=a,kernel-1=b",
            "kernel-1=" + "x".repeat(300))) {
      calls.add(
          prepare(
              "names " + shown(names),
              "kernel-1",
              jail("vm2"),
              Map.of("Assetmanager-Target-Names", names),
              INVALID,
              "header Assetmanager-Target-Names"));
    }
    for (String owner :
        List.of(
            "0:0",
            "1000:0",
            "0:1000",
            "root:root",
            "-1:5",
            "1000",
            "1000:",
            "1000:1000:1000",
            "99999999999:1",
            "4294967296:1",
            "0x10:1",
            "1000:1000;id")) {
      calls.add(
          prepare(
              "owner " + owner,
              "kernel-1",
              jail("vm2"),
              Map.of("Assetmanager-Owner", owner),
              INVALID,
              "header Assetmanager-Owner"));
    }
    return calls.stream();
  }

  Stream<HostileCall> companions() {
    return Stream.of("linked", "hole", "huge", "pipe", "folder", "hidden")
        .map(
            id -> prepare("metadata " + id, id, jail("vm-" + id), Map.of(), FAILED, "asset " + id));
  }

  private static HostileCall prepare(
      String title,
      String id,
      String target,
      Map<String, String> headers,
      Set<String> codes,
      String field) {
    return call(
        title,
        "PrepareAssets",
        Map.of("assetIds", List.of(id), "targetPath", target),
        headers,
        codes,
        field);
  }

  private static HostileCall call(
      String title,
      String method,
      Map<String, ?> request,
      Map<String, String> headers,
      Set<String> codes,
      String field) {
    return new HostileCall(title, ASSETS + method, json(request), headers, codes, field);
  }

  private static String shown(String text) {
    String printable = text.replaceAll("[^\\x20-\\x7e]", "?");
    return printable.length() > 60 ? printable.substring(0, 60) + "…" : printable;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource({"locations", "urls", "ids", "targets", "headers", "companions"})
  void isRefusedAndTouchesNothing(HostileCall call) throws Exception {
    List<String> jailsBefore = listing(directory.resolve("jails"));
    List<String> storeBefore = listing(node.blobs());
    long start = System.nanoTime();

    HttpResponse<String> answer = node.call(call.method(), call.json(), call.headers());

    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(LONGEST_CALL);
    assertThat(answer.statusCode()).as(answer.body()).isNotEqualTo(200);
    JsonObject error = JsonParser.parseString(answer.body()).getAsJsonObject();
    JsonElement message = error.get("message");
    assertThat(call.codes()).as(answer.body()).contains(error.get("code").getAsString());
    assertThat(message.getAsString())
        .startsWith(call.field())
        .hasSizeLessThan(2000)
        .doesNotContainPattern("[\\p{Cntrl}\u202e]")
        .doesNotContain(Canary.SECRET);
    assertThat(canary.look()).as("outside of all roots").isEqualTo(canary.before());
    assertThat(listing(directory.resolve("jails"))).as("VM directories").isEqualTo(jailsBefore);
    assertThat(listing(node.blobs())).as("the store").isEqualTo(storeBefore);
    assertThat(insideReached).as("requests to a server inside").hasValue(0);
  }

  /** On a node that may ask one server in a private network, which sends it elsewhere. */
  @Test
  void redirectsToWhatIsNotAllowedAreRefusedAndWhatIsAllowedIsServed() throws Exception {
    TestNode open = new TestNode(Files.createDirectories(directory.resolve("open")));
    Map<String, String> environment = open.environment();
    environment.put(
        "UNKEY_ASSETMANAGERD_HTTP_SOURCE_HOSTS", "127.0.0.1:" + web.getAddress().getPort());
    environment.put("UNKEY_ASSETMANAGERD_HTTP_SOURCE_ALLOW_PLAIN", "true");
    environment.put("UNKEY_ASSETMANAGERD_HTTP_SOURCE_ALLOW_PRIVATE", "true");
    String url = "http://127.0.0.1:" + web.getAddress().getPort();
    try (NodeServer running = NodeServer.start(NodeConfig.read(environment))) {
      Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> open.get(open.port, "/readyz").statusCode() == 200);
      for (String path : List.of("/to-metadata", "/to-loopback", "/to-file")) {
        HostileCall call = location("location", url + path, "STORAGE_BACKEND_HTTP", INVALID);
        HttpResponse<String> answer = open.call(call.method(), call.json());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(400);
        assertThat(answer.body())
            .contains("location: ", "redirects to where it must not", "invalid_argument");
      }
      assertThat(insideReached).as("requests to a server inside").hasValue(0);

      HttpResponse<String> registered =
          open.call(
              ASSETS + "RegisterAsset",
              location("location", url + "/kernel", "STORAGE_BACKEND_HTTP", INVALID).json());
      assertThat(registered.statusCode()).as(registered.body()).isEqualTo(200);
      String id =
          JsonParser.parseString(registered.body())
              .getAsJsonObject()
              .getAsJsonObject("asset")
              .get("id")
              .getAsString();
      HttpResponse<String> local =
          open.call(ASSETS + "GetAsset", json(Map.of("id", id, "ensureLocal", true)));
      Path file =
          Path.of(
              JsonParser.parseString(local.body())
                  .getAsJsonObject()
                  .get("localPath")
                  .getAsString());
      assertThat(file).hasContent(WEB_KERNEL).startsWith(directory.resolve("open/cache"));
      String vm = directory.resolve("open/jails/vm1").toString();
      HttpResponse<String> prepared =
          open.call(
              ASSETS + "PrepareAssets", json(Map.of("assetIds", List.of(id), "targetPath", vm)));
      assertThat(prepared.statusCode()).as(prepared.body()).isEqualTo(200);
      assertThat(Path.of(vm, "vmlinux")).hasContent(WEB_KERNEL);
      assertThat(running.terminated()).isNotDone();
    }
  }

  /** The names of files that are placed may be taken by links; those are replaced, not followed. */
  @Test
  void aLinkWhereAFileIsToBePlacedIsReplacedAndNotFollowed() throws Exception {
    Path vm = Files.createDirectories(directory.resolve("jails/vm3"));
    Files.createSymbolicLink(vm.resolve("vmlinux"), Path.of("../../canary/vm/vmlinux"));

    HttpResponse<String> answer =
        node.call(
            ASSETS + "PrepareAssets",
            json(Map.of("assetIds", List.of("kernel-1"), "targetPath", vm.toString())));

    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(vm.resolve("vmlinux")).isRegularFile().hasContent("a kernel");
    assertThat(Files.isSymbolicLink(vm.resolve("vmlinux"))).isFalse();
    assertThat(canary.look()).isEqualTo(canary.before());
  }

  private static List<String> listing(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files.map(Path::toString).sorted().toList();
    }
  }
}
