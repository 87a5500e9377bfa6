// Runs every client against every node given: node src/main.mjs URL...

import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { Report } from "./report.mjs";
import { transports } from "./transports.mjs";
import { lifecycle } from "./lifecycle.mjs";
import { json } from "./json.mjs";
import { bufCurl } from "./bufcurl.mjs";
import { AssetManagerService } from "../gen/asset/v1/asset_pb.js";
import { AssetManagerService as DeployedService } from "../gen/deploy/assetmanagerd/v1/asset_pb.js";

const urls = process.argv.slice(2).map((url) => url.replace(/\/+$/, ""));
if (urls.length === 0) {
  console.error("usage: run.sh URL...");
  process.exit(2);
}

// Where the nodes may place files, if they run on this host.
const directory = process.env.CLIENTS_PREPARE_DIRECTORY;
const services = [AssetManagerService, DeployedService];
const report = new Report();
for (const [number, url] of urls.entries()) {
  const before = { passed: report.passed, failed: report.failed };
  const neighbourUrl = urls[(number + 1) % urls.length];
  for (const service of services) {
    const plain = (baseUrl) =>
      createClient(service, createConnectTransport({ baseUrl, httpVersion: "2" }));
    for (const way of transports(url)) {
      const where = `${url} ${service.typeName} ${way.name}`;
      await lifecycle(report, where, service, way, plain(url), plain(neighbourUrl), directory);
    }
    await json(report, `${url} ${service.typeName} JSON`, `${url}/${service.typeName}`);
  }
  await bufCurl(report, url, services.map((service) => service.typeName));
  console.log(
    `${url}: ${report.passed - before.passed} passed, ${report.failed - before.failed} failed`,
  );
}
process.exit(report.summary() ? 0 : 1);
