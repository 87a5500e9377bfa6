// Idempotency keys, leases kept by Prepare, and the lease service, through one transport of one node.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { Code, createClient } from "@connectrpc/connect";
import { failure } from "./report.mjs";
import { LeaseService } from "../gen/assetmanagerd/lease/v1/lease_pb.js";

/**
 * @param assets a client of the asset service over the transport
 * @param neighbour a client of another node, or of the same where there is one only
 * @param asset something that is stored, free of leases before and after
 * @param directory where this node may place files; undefined where that is not known
 */
export async function leases(report, where, transport, assets, neighbour, asset, directory) {
  const client = createClient(LeaseService, transport);
  const run = randomUUID();
  const check = (name, body) => report.check(`${where}: ${name}`, body);
  const holder = `vm-${run}`;
  const acquire = { assetId: asset.id, acquiredBy: holder, ttlSeconds: 600n };
  let lease;

  await check("the same idempotency key gives the same lease, on every node", async () => {
    const headers = { "Idempotency-Key": run };
    const said = [];
    const onHeader = (got) => said.push(got.get("assetmanager-replayed"));
    lease = (await assets.acquireAsset(acquire, { headers, onHeader })).leaseId;
    const again = await assets.acquireAsset(acquire, { headers, onHeader });
    const elsewhere = await neighbour.acquireAsset(acquire, { headers });
    assert.deepEqual([again.leaseId, elsewhere.leaseId], [lease, lease]);
    assert.deepEqual(said, [null, "true"]);
    const { leases: held } = await client.listLeases({ acquiredBy: holder });
    assert.deepEqual(held.map((each) => each.id), [lease]);
  });

  await check("another request with that key is invalid_argument", async () => {
    const error = await failure(Code.InvalidArgument, () =>
      assets.acquireAsset(
        { ...acquire, ttlSeconds: 601n },
        { headers: { "Idempotency-Key": run } },
      ),
    );
    assert.match(error.rawMessage, /Idempotency-Key/);
  });

  await check("a key with a space is invalid_argument", async () => {
    await failure(Code.InvalidArgument, () =>
      assets.acquireAsset(acquire, { headers: { "Idempotency-Key": "a b" } }),
    );
  });

  await check("a lease is renewed, and an unknown one is named", async () => {
    const { renewed, notFoundIds } = await client.renewLeases({
      leaseIds: [lease, `no-${run}`],
      ttlSeconds: 1200n,
    });
    assert.deepEqual(renewed.map((each) => each.id), [lease]);
    assert.deepEqual(notFoundIds, [`no-${run}`]);
    const found = await client.getLease({ leaseId: lease });
    assert.ok(found.lease.expiresInMillis > 1_100_000n, `${found.lease.expiresInMillis} ms left`);
  });

  await check("a session takes leases over, and ends them when it is closed", async () => {
    const { session } = await client.openSession({ host: `host-${run}`, ttlSeconds: 60n });
    const { attached } = await client.attachLeases({ sessionId: session.id, leaseIds: [lease] });
    assert.equal(attached[0].sessionId, session.id);
    const kept = await client.keepSession({ sessionId: session.id });
    assert.equal(kept.session.leaseCount, 1);
    const { missing, surplus } = await client.reconcileSession({
      sessionId: session.id,
      running: [{ acquiredBy: `other-${run}`, assetIds: [asset.id] }],
    });
    assert.deepEqual(missing.map((each) => each.assetId), [asset.id]);
    assert.deepEqual(surplus.map((each) => each.id), [lease]);
    const { leasesEnded } = await client.closeSession({ sessionId: session.id });
    assert.equal(leasesEnded, 1);
    await failure(Code.NotFound, () => client.getLease({ leaseId: lease }));
  });

  await check("leases are taken together and released by holder", async () => {
    const taken = await client.acquireLeases({ assetIds: [asset.id], acquiredBy: holder });
    assert.equal(taken.assets[0].referenceCount, 1);
    const { released } = await client.releaseHolder({ acquiredBy: holder });
    assert.equal(released, 1);
  });

  await check("a bad page size is invalid_argument and names the field", async () => {
    const error = await failure(Code.InvalidArgument, () => client.listLeases({ pageSize: -1 }));
    assert.match(error.rawMessage, /page_size/);
  });

  if (directory) {
    await check("prepare keeps leases and says which", async () => {
      let header;
      const request = {
        assetIds: [asset.id],
        targetPath: `${directory}/${run}`,
        preparedFor: holder,
      };
      await assets.prepareAssets(request, {
        headers: { "Assetmanager-Lease-Ttl": "600s" },
        onHeader: (got) => (header = got.get("assetmanager-leases")),
      });
      const { leases: held } = await client.listLeases({ acquiredBy: holder });
      assert.deepEqual(held.map((each) => `${asset.id}=${each.id}`), [header]);
      await client.releaseHolder({ acquiredBy: holder });
    });
  }
}
