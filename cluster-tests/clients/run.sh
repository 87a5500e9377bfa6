#!/usr/bin/env bash
# Runs clients that were not written here against running nodes: @connectrpc/connect-node over
# Connect, gRPC and gRPC-Web, HTTP/1.1 and HTTP/2, binary and JSON; the browser client; plain JSON; and
# `buf curl` with reflection. Both service names, every node. Fails if any check fails.
#
#   cluster-tests/clients/run.sh http://127.0.0.1:8083 http://127.0.0.1:8183 http://127.0.0.1:8283
#
# CLIENTS_PREPARE_DIRECTORY names a directory below the nodes' PREPARE_ROOTS, where they run on this host;
# preparing is left out otherwise.
#
# Needs Node.js 20 or newer with npm; where they are absent it says so and leaves the clients out.
set -euo pipefail
cd "$(dirname "$0")"

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "clients: left out, because Node.js and npm are not installed"
  exit 0
fi
major=$(node -p 'process.versions.node.split(".")[0]')
if [ "$major" -lt 20 ]; then
  echo "clients: left out, because Node.js is $(node --version), and the clients need 20 or newer"
  exit 0
fi
[ $# -gt 0 ] || { echo "usage: $0 URL..." >&2; exit 2; }

if [ ! -d node_modules ] || [ package.json -nt node_modules/.package-lock.json ]; then
  echo "clients: installing"
  # No package's own script has to run: what is used is in the packages. The versions are pinned in
  # package.json; a lock file would name the registry of whoever made it.
  npm install --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error
fi

# The client code is made from the .proto files in this tree, as a stranger would make it.
rm -rf gen
node_modules/.bin/buf generate ../../proto/src/main/proto \
  --path ../../proto/src/main/proto/asset --path ../../proto/src/main/proto/deploy/assetmanagerd \
  --path ../../proto/src/main/proto/assetmanagerd/lease

exec node src/main.mjs "$@"
