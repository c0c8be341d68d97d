#!/usr/bin/env bash
# Installs what is missing and nothing else; quick when all is there.
#   scripts/setup.sh build   what compiling and running needs
#   scripts/setup.sh test    the same, with a JDK, Maven, valgrind, promtool, systemd-analyze and Chromium
#   scripts/setup.sh package the same as build, with what makes packages
set -euo pipefail
cd "$(dirname "$0")/.."

mode=${1:-build}
if [[ $mode != build && $mode != test && $mode != package ]]; then
  echo "usage: scripts/setup.sh build|test|package" >&2
  exit 2
fi

say() { printf 'setup: %s\n' "$*" >&2; }
fail() {
  say "$@"
  exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }
# Debian keeps some headers in a folder named after the architecture.
header() { compgen -G "/usr/include/$1" >/dev/null || compgen -G "/usr/include/*-linux-gnu/$1" >/dev/null; }

check_node() {
  has node || fail 'Node.js is missing. Install Node 20.19 or newer (https://nodejs.org), then run make again.'
  node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' ||
    fail "Node $(node -p process.versions.node) is too old. Install Node 20.19 or newer, then run make again."
  has npm || fail 'npm is missing. It comes with Node from https://nodejs.org; Debian packages it apart: apt-get install npm.'
}

# Each package is looked for by what it brings, so that other distributions and hand-made installations count too.
missing_packages() {
  has python3 || echo python3
  has make || echo make
  has g++ || echo g++
  has pkg-config || echo pkg-config
  header openssl/ssl.h || echo libssl-dev
  header zlib.h || echo zlib1g-dev
  header zstd.h || echo libzstd-dev
  header lz4.h || echo liblz4-dev
  header sasl/sasl.h || echo libsasl2-dev
  header curl/curl.h || echo libcurl4-openssl-dev
  if [[ $mode == test ]]; then
    has_jdk || echo "$(jdk_package)"
    has mvn || echo maven
    has valgrind || echo valgrind
    # promtool
    has promtool || echo prometheus
    # The tests of the page.
    has chromium || has google-chrome || echo chromium
    has systemd-analyze || echo systemd
  fi
  if [[ $mode == package ]]; then
    has strip || echo binutils
    has patchelf || echo patchelf
    has dpkg-shlibdeps || echo dpkg-dev
  fi
}

has_jdk() {
  has java && has javac && (($(javac -version 2>&1 | sed -E 's/^javac ([0-9]+).*/\1/') >= 17))
}

# Debian 12 has JDK 17; later ones name only newer JDKs, which do as well.
jdk_package() {
  if has apt-cache && ! apt-cache show openjdk-17-jdk-headless >/dev/null 2>&1 && apt-cache show default-jdk-headless >/dev/null 2>&1; then
    echo default-jdk-headless
  else
    echo openjdk-17-jdk-headless
  fi
}

install_packages() {
  local missing
  missing=$(missing_packages | xargs)
  [[ -z $missing ]] && return
  if ! has apt-get; then
    fail "these are missing, by their Debian names: $missing. Install them with your system's package manager, then run make again."
  fi
  if ((EUID != 0)); then
    fail "these packages are missing and need root: apt-get install $missing"
  fi
  say "installing $missing"
  apt-get update -qq
  # A bare machine knows no packages before its first update, so the JDK's name is decided again.
  missing=$(missing_packages | xargs)
  # shellcheck disable=SC2086 # a list of words
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing </dev/null >/dev/null
  missing=$(missing_packages | xargs)
  [[ -z $missing ]] || fail "still missing after apt-get install: $missing"
}

# node-gyp downloads Node's headers unless it knows where they are.
use_local_node_headers() {
  local prefix
  prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
  if [[ -z ${npm_config_nodedir:-} && -f $prefix/include/node/node_api.h ]] && grep -q "define NODE_MODULE_VERSION $(node -p process.versions.modules)\$" "$prefix/include/node/node_version.h"; then
    export npm_config_nodedir=$prefix
  fi
}

npm_quiet() {
  local log
  log=$(mktemp)
  if ! npm "$@" --no-audit --no-fund --loglevel=error </dev/null >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    fail "npm $1 failed; its last lines are above, the full log is in $log"
  fi
  rm -f "$log"
}

install_npm_packages() {
  use_local_node_headers
  if ! node scripts/installed.mjs; then
    if [[ -d node_modules/node-rdkafka/build ]]; then
      say 'bringing node_modules up to date with package-lock.json'
    else
      say 'installing npm packages; librdkafka is compiled on the way, which takes a few minutes'
    fi
    # Not npm ci: it refuses a lock file without the builds for every other platform, and some registries mirror only a few of those.
    npm_quiet install --no-save --include=dev
    node scripts/installed.mjs || fail 'node_modules still differs from package-lock.json; remove node_modules and run make again.'
  fi
  if ! node -e "require('node-rdkafka')" 2>/dev/null; then
    say 'compiling librdkafka and node-rdkafka for this Node; takes a few minutes'
    npm_quiet rebuild node-rdkafka --foreground-scripts
    node -e "require('node-rdkafka')" || fail 'node-rdkafka does not load; remove node_modules and run make again.'
  fi
}

unset MAKEFLAGS MFLAGS MAKELEVEL || true
check_node
install_packages
install_npm_packages
