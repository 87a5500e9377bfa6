// `buf curl`, a client in Go that learns the services from the node by reflection.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";

const BUF = fileURLToPath(new URL("../node_modules/.bin/buf", import.meta.url));
const SCHEMA = fileURLToPath(new URL("../../../proto/src/main/proto", import.meta.url));

/** Runs `buf curl`; returns its standard output, or throws with its standard error. */
function curl(args, input = "") {
  return new Promise((resolve, reject) => {
    const child = spawn(BUF, ["curl", ...args], { timeout: 60_000 });
    let out = "";
    let err = "";
    child.stdout.on("data", (data) => (out += data));
    child.stderr.on("data", (data) => (err += data));
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(out) : reject(new Error(err || out || `exit code ${code}`))));
    child.stdin.on("error", () => {}); // it may end before it has read all
    child.stdin.end(input);
  });
}

async function refusal(args, input) {
  try {
    await curl(args, input);
  } catch (error) {
    return error.message;
  }
  throw new assert.AssertionError({ message: "expected buf curl to fail" });
}

/** One upload as a stream of JSON messages. */
function upload(run) {
  const bytes = randomBytes(200_000);
  const messages = [
    { metadata: { name: `buf-${run}`, type: "ASSET_TYPE_KERNEL", labels: { run } } },
  ];
  for (let at = 0; at < bytes.length; at += 65_536) {
    messages.push({ chunk: bytes.subarray(at, at + 65_536).toString("base64") });
  }
  return {
    sha256: createHash("sha256").update(bytes).digest("hex"),
    input: messages.map((message) => JSON.stringify(message)).join("\n"),
  };
}

export async function bufCurl(report, url, services) {
  const http2 = "--http2-prior-knowledge";
  await report.check(`${url} buf curl: reflection lists the services`, async () => {
    const listed = await curl([http2, "--list-services", url]);
    for (const service of [...services, "grpc.health.v1.Health"]) {
      assert.ok(listed.split("\n").includes(service), `${service} is not in:\n${listed}`);
    }
  });
  const ways = ["connect", "grpc", "grpcweb"].map((protocol) => [
    `${protocol}/2 by reflection`,
    ["--protocol", protocol, http2],
  ]);
  for (const protocol of ["connect", "grpcweb"]) {
    ways.push([`${protocol}/1.1`, ["--protocol", protocol, "--schema", SCHEMA]]);
  }
  for (const [name, options] of ways) {
    for (const service of services) {
      await oneWay(report, `${url} ${service} buf curl ${name}`, options, `${url}/${service}`);
    }
  }
}

async function oneWay(report, where, options, service) {
  const run = randomUUID();
  let id;

  await report.check(`${where}: upload from standard input`, async () => {
    const { sha256, input } = upload(run);
    const out = await curl([...options, "-d", "@-", `${service}/UploadAsset`], input);
    const { asset } = JSON.parse(out);
    id = asset.id;
    assert.equal(asset.checksum, sha256);
    assert.equal(asset.sizeBytes, "200000");
  });

  await report.check(`${where}: list`, async () => {
    const selector = JSON.stringify({ label_selector: { run } });
    const { assets } = JSON.parse(await curl([...options, "-d", selector, `${service}/ListAssets`]));
    assert.deepEqual(assets.map((asset) => asset.id), [id]);
  });

  await report.check(`${where}: an unknown lease is not_found`, async () => {
    const lease = JSON.stringify({ lease_id: `no-${run}` });
    const message = await refusal([...options, "-d", lease, `${service}/ReleaseAsset`]);
    assert.equal(JSON.parse(message).code, "not_found");
  });

  await report.check(`${where}: delete`, async () => {
    const out = await curl([...options, "-d", JSON.stringify({ id }), `${service}/DeleteAsset`]);
    assert.equal(JSON.parse(out).deleted, true);
  });
}
