#!/usr/bin/env bash
# Starts a cluster of three nodes for the time of the test and runs the clients against all of them.
# Needs the ports of `./assetmanagerd dev` free.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
urls=(http://127.0.0.1:8083 http://127.0.0.1:8183 http://127.0.0.1:8283)

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  exec "$here/run.sh" "${urls[@]}" # says so
fi

dir=$(mktemp -d)
"$root/assetmanagerd" dev --dir "$dir/cluster" >"$dir/dev.log" 2>&1 &
cluster=$!

stop() {
  status=$?
  kill -TERM "$cluster" 2>/dev/null || true
  wait "$cluster" || true
  if [ "$status" -ne 0 ]; then
    echo "clients: the cluster's own words:"
    tail -n 40 "$dir/dev.log" "$dir"/cluster/*/node.log || true
  fi
  rm -rf "$dir"
}
trap stop EXIT

# It may have to be built first.
deadline=$((SECONDS + 600))
for url in "${urls[@]}"; do
  until curl --silent --fail --output /dev/null --max-time 2 "$url/readyz"; do
    kill -0 "$cluster" 2>/dev/null || { echo "clients: the cluster did not start"; exit 1; }
    [ "$SECONDS" -lt "$deadline" ] || { echo "clients: $url is not ready in time"; exit 1; }
    sleep 1
  done
done

CLIENTS_PREPARE_DIRECTORY="$dir/cluster/jails" "$here/run.sh" "${urls[@]}"
