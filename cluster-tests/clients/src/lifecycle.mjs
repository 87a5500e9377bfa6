// The life of an asset through one transport of one node: in, found, leased, refused, gone.

import assert from "node:assert/strict";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { Code, createClient } from "@connectrpc/connect";
import { leases } from "./leases.mjs";
import { failure } from "./report.mjs";
import { AssetType, AssetStatus, StorageBackend } from "../gen/asset/v1/asset_pb.js";

const UPLOAD_BYTES = 4 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

/** What every upload sends; the first bytes differ, so that no two are the same asset. */
function content() {
  const bytes = Buffer.alloc(UPLOAD_BYTES, "assetmanagerd");
  randomBytes(32).copy(bytes);
  return bytes;
}

async function* uploadOf(bytes, metadata) {
  if (metadata) {
    yield { data: { case: "metadata", value: metadata } };
  }
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    yield { data: { case: "chunk", value: bytes.subarray(at, at + CHUNK_BYTES) } };
  }
}

/** Uploads by a transport that can, so that one that cannot has something to work with. */
export async function store(client, run) {
  const bytes = content();
  const metadata = {
    name: `clients-${run}`,
    type: AssetType.KERNEL,
    sizeBytes: BigInt(bytes.length),
    labels: { run },
    createdBy: "client-tests",
  };
  const { asset } = await client.uploadAsset(uploadOf(bytes, metadata));
  return { asset, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/**
 * Runs all checks of one service over one transport.
 *
 * @param uploader a client that can stream, of the same node
 * @param neighbour a client of another node, or of the same where there is one only
 * @param directory where the node may place files; undefined where that is not known
 */
export async function lifecycle(
  report,
  where,
  service,
  { transport, streams },
  uploader,
  neighbour,
  directory,
) {
  const client = createClient(service, transport);
  const run = randomUUID();
  const check = (name, body) => report.check(`${where}: ${name}`, body);
  let asset;
  let lease;
  let registered;
  let index;

  await check("upload", async () => {
    const stored = await store(streams ? client : uploader, run);
    asset = stored.asset;
    assert.equal(asset.checksum, stored.sha256);
    assert.equal(asset.sizeBytes, BigInt(UPLOAD_BYTES));
    assert.equal(asset.status, AssetStatus.AVAILABLE);
  });
  if (!asset) {
    return; // everything else needs it
  }

  await check("register what is stored, and get it from the node", async () => {
    const request = {
      name: `again-${run}`,
      type: AssetType.INITRD,
      backend: StorageBackend.LOCAL,
      location: asset.location,
      labels: { run, copy: "yes" },
    };
    const response = await client.registerAsset(request, {
      onHeader: (headers) => (index = headers.get("assetmanager-index")),
    });
    registered = response.asset;
    assert.equal(registered.checksum, asset.checksum);
    const found = await client.getAsset({ id: registered.id });
    assert.equal(found.asset.name, request.name);
    assert.equal(found.asset.sizeBytes, asset.sizeBytes);
    assert.equal(found.asset.labels.copy, "yes");
  });

  await check("a write's index makes it visible on another node", async () => {
    assert.match(index ?? "no header Assetmanager-Index", /^[0-9]+$/);
    const found = await neighbour.getAsset(
      { id: registered.id },
      { headers: { "Assetmanager-Index": index } },
    );
    assert.equal(found.asset.id, registered.id);
  });

  await check("list by label, page by page", async () => {
    const seen = [];
    let pageToken = "";
    do {
      const page = await client.listAssets({ labelSelector: { run }, pageSize: 1, pageToken });
      assert.ok(page.assets.length <= 1);
      seen.push(...page.assets.map((each) => each.id));
      pageToken = page.nextPageToken;
    } while (pageToken && seen.length < 10);
    assert.deepEqual(seen.sort(), [asset.id, registered.id].sort());
  });

  await check("acquire, and another node counts the lease", async () => {
    const acquired = await client.acquireAsset({
      assetId: asset.id,
      acquiredBy: "client-tests",
      ttlSeconds: 600n,
    });
    lease = acquired.leaseId;
    assert.notEqual(lease, "");
    assert.equal(acquired.asset.referenceCount, 1);
    const seen = await neighbour.getAsset({ id: asset.id });
    assert.equal(seen.asset.referenceCount, 1);
  });

  await check("what is leased is not deleted", async () => {
    const kept = await client.deleteAsset({ id: asset.id });
    assert.equal(kept.deleted, false);
    assert.match(kept.message, /1/);
  });

  await check("release", async () => {
    const { asset: released } = await client.releaseAsset({ leaseId: lease });
    assert.equal(released.referenceCount, 0);
  });

  await leases(report, where, transport, client, neighbour, asset, directory);

  await check("an unknown id is not_found", async () => {
    const error = await failure(Code.NotFound, () => client.getAsset({ id: `no-${run}` }));
    assert.match(error.rawMessage, new RegExp(run));
  });

  await check("an empty name is invalid_argument and names the field", async () => {
    const error = await failure(Code.InvalidArgument, () =>
      client.registerAsset({ name: "", type: AssetType.KERNEL, location: asset.location }),
    );
    assert.match(error.rawMessage, /name/);
    assert.ok(
      error.details.some((detail) => detail.type === "google.rpc.BadRequest"),
      "no google.rpc.BadRequest among the details",
    );
  });

  await check("a location with nothing at it is not_found", async () => {
    await failure(Code.NotFound, () =>
      client.registerAsset({
        name: "nothing",
        type: AssetType.KERNEL,
        backend: StorageBackend.LOCAL,
        location: `no/${run}`,
      }),
    );
  });

  if (streams) {
    await check("an upload without metadata is invalid_argument", async () => {
      await failure(Code.InvalidArgument, () => client.uploadAsset(uploadOf(content())));
    });

    await check("an upload that stalls ends at its deadline", async () => {
      async function* stalls() {
        yield { data: { case: "metadata", value: { name: `stalls-${run}`, type: AssetType.KERNEL } } };
        await new Promise((resolve) => setTimeout(resolve, 3000).unref());
      }
      await failure(Code.DeadlineExceeded, () => client.uploadAsset(stalls(), { timeoutMs: 300 }));
      const { assets } = await client.listAssets({ labelSelector: { run } });
      assert.equal(assets.length, 2);
    });
  }

  await check("delete both, and they are gone", async () => {
    for (const { id } of [registered, asset]) {
      const { deleted } = await client.deleteAsset({ id });
      assert.equal(deleted, true);
    }
    await failure(Code.NotFound, () => client.getAsset({ id: asset.id }));
  });
}
