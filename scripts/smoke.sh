#!/usr/bin/env bash
# Builds a copy of the checkout with another version of Node, and runs the quick tests and the demo there.
#   scripts/smoke.sh 24|26|24.9.0
# Node comes from the npm registry (binary and headers in one package), so nothing else is downloaded and the
# machine's own Node stays as it is. librdkafka, node-rdkafka and the addon are compiled again: about three
# minutes on two cores. KD_SMOKE_KEEP=1 keeps the copy.
set -euo pipefail
cd "$(dirname "$0")/.."

version=${1:-24}
if [[ ! $version =~ ^[0-9]+(\.[0-9]+){0,2}$ ]]; then
  echo 'usage: scripts/smoke.sh VERSION, for example 24, 26 or 24.9.0' >&2
  exit 2
fi
say() { printf 'smoke: %s (%s s)\n' "$*" "$SECONDS" >&2; }

case $(uname -m) in
  x86_64) arch=x64 ;;
  aarch64) arch=arm64 ;;
  *)
    echo "smoke: the npm registry has no Node for $(uname -m)" >&2
    exit 1
    ;;
esac

work=$(mktemp -d)
finish() {
  local code=$?
  if ((code != 0)) || [[ -n ${KD_SMOKE_KEEP:-} ]]; then
    say "exit $code; the copy is in $work"
  else
    rm -rf "$work"
  fi
}
trap finish EXIT

say "fetching Node $version"
mkdir "$work/node" "$work/checkout"
(cd "$work/node" && echo '{"private":true}' >package.json && npm install --silent --no-audit --no-fund --ignore-scripts "node-linux-$arch@$version")
home=$work/node/node_modules/node-linux-$arch
export PATH=$home/bin:$PATH
export npm_config_nodedir=$home
[[ $(node -p process.versions.node) == "$version"* ]] || {
  echo "smoke: this is Node $(node -p process.versions.node), not $version" >&2
  exit 1
}

say "copying and building with Node $(node -p process.versions.node)"
git ls-files -z --cached --others --exclude-standard | tar --create --null --ignore-failed-read --files-from=- | tar --extract --directory="$work/checkout"
cd "$work/checkout"
# The flags of a make above would reach librdkafka's own build, which breaks on them.
env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make build

say 'kd demo'
node build/bin/kd.mjs demo -o json >"$work/summary.json"
node -e '
  const text = require("node:fs").readFileSync(process.argv[1], "utf8");
  const summary = JSON.parse(text.slice(text.lastIndexOf("\n{\"schema\"") + 1));
  const { consumed, transformed, deadLettered } = summary.records;
  console.error(`smoke: ${consumed} consumed, ${transformed} transformed, ${deadLettered} dead letters`);
  if (summary.exitCode !== 0 || consumed < 200_000 || consumed !== transformed + deadLettered) process.exit(1);
' "$work/summary.json"

say 'the quick tests'
node --enable-source-maps scripts/test.mjs --quick >"$work/tests.log" 2>&1 || {
  tail -n 200 "$work/tests.log" >&2
  exit 1
}
grep -aE '^ℹ (tests|pass|fail) ' "$work/tests.log" >&2
say "passed with Node $(node -p process.versions.node)"
