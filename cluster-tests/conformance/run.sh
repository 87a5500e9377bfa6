#!/usr/bin/env bash
# Runs the official Connect conformance suite against the RPC front: Connect, gRPC and gRPC-Web, over
# HTTP/1.1 and HTTP/2, with and without TLS. Fails if any case fails.
#
#   cluster-tests/conformance/run.sh [options of connectconformance, e.g. --run 'gRPC/**']
#
# Needs Go, to build the suite; where Go is absent it says so and leaves the suite out.
set -euo pipefail

suite=connectrpc.com/conformance/cmd/connectconformance
version=v1.0.5

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
java=${JAVA_HOME:+$JAVA_HOME/bin/}java

if ! command -v go >/dev/null; then
  echo "conformance: left out, because Go is not installed (the suite is a Go program)"
  exit 0
fi

bin=${XDG_CACHE_HOME:-$HOME/.cache}/assetmanagerd-tests/connectconformance-$version
if [ ! -x "$bin/connectconformance" ]; then
  echo "conformance: building $suite@$version"
  mkdir -p "$bin"
  GOBIN=$bin go install "$suite@$version"
fi

shopt -s nullglob
tests=$root/cluster-tests/target/test-classes
jars=("$root"/api-server/target/assetmanagerd-api-server-*.jar)
if [ ! -d "$tests/dev/assetmanagerd/conformance" ] || [ ${#jars[@]} -eq 0 ]; then
  echo "conformance: building the server"
  (cd "$root" && mvn -q -B -ntp -pl cluster-tests -am -DskipTests package)
  jars=("$root"/api-server/target/assetmanagerd-api-server-*.jar)
fi

# The suite starts a server for each of its configurations and waits ten seconds for it; client
# compilation is kept cheap so that it comes up in time on a busy machine. The JVM must not write to
# standard output, which belongs to the suite.
run_suite() {
  "$bin/connectconformance" --mode server --conf "$here/config.yaml" \
    --max-servers "${CONFORMANCE_SERVERS:-2}" --parallel "${CONFORMANCE_PARALLEL:-4}" "$@" -- \
    "$java" "-Dlogback.configurationFile=$here/logback.xml" -Xlog:disable -Xlog:all=off -Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC \
    -cp "$tests:${jars[0]}:$root/api-server/target/lib/*" \
    dev.assetmanagerd.conformance.ConformanceServer
}

# The suite's client stops reading at the very moment at which the server says that the time is up:
# once in some thousand cases it finds half an answer, each time in another one of these cases. What
# fails in two runs is no such chance.
failed() { sed -n 's/^FAILED: //p' "$1" | sort -u; }

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
if run_suite "$@" | tee "$out/first"; then
  exit 0
fi
echo "conformance: a second run, to tell chance from a defect"
if run_suite "$@" | tee "$out/second"; then
  exit 0
fi
[ -n "$(failed "$out/second")" ] || exit 1
both=$(comm -12 <(failed "$out/first") <(failed "$out/second"))
if [ -n "$both" ]; then
  printf 'conformance: failed twice:\n%s\n' "$both"
  exit 1
fi
echo "conformance: no case failed twice"
