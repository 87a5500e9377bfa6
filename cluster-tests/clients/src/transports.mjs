// Every way in which the clients of @connectrpc can speak to one node.

import {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import * as web from "@connectrpc/connect-web";

const gzip = { sendCompression: compressionGzip, compressMinBytes: 0 };

/** Name, transport, and whether it can stream a request (browsers' fetch cannot). */
export function transports(baseUrl) {
  const all = [];
  const add = (name, transport, streams = true) => all.push({ name, transport, streams });
  for (const [format, useBinaryFormat] of [["proto", true], ["json", false]]) {
    for (const httpVersion of ["1.1", "2"]) {
      const options = { baseUrl, httpVersion, useBinaryFormat };
      add(`connect/${httpVersion}/${format}`, createConnectTransport(options));
      add(`grpc-web/${httpVersion}/${format}`, createGrpcWebTransport(options));
    }
    add(`grpc/2/${format}`, createGrpcTransport({ baseUrl, useBinaryFormat }));
    add(`browser connect/${format}`, web.createConnectTransport({ baseUrl, useBinaryFormat }), false);
    add(`browser grpc-web/${format}`, web.createGrpcWebTransport({ baseUrl, useBinaryFormat }), false);
  }
  add("connect/2/proto/gzip", createConnectTransport({ baseUrl, httpVersion: "2", ...gzip }));
  add("grpc/2/proto/gzip", createGrpcTransport({ baseUrl, ...gzip }));
  return all;
}
