#!/usr/bin/env bash
# Builds a copy of the checkout with Node 24 and runs the demo and the tests of the transform there.
# Node 24 comes from the npm registry (binary and headers in one package), so nothing else is downloaded and the Node of the machine stays as it is.
# Takes about four minutes on two cores: librdkafka is compiled again. KD_SMOKE_NODE=24.9.0 asks for one version, KD_SMOKE_KEEP=1 keeps the copy.
set -euo pipefail
cd "$(dirname "$0")/.."

version=${KD_SMOKE_NODE:-24}
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

say 'tests of the transform'
node --enable-source-maps scripts/test.mjs test/transform test/adapters/pool
say 'passed'
