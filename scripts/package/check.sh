#!/usr/bin/env bash
# Installs the packages of make package where there is nothing: a bare Debian 12, unpacked and entered by
# chroot, without a compiler, Node or Java. Runs kd there, plays its service manager, and has systemd look at the
# units. As root; two minutes. The bare systems are kept in build/package/roots.
#   scripts/package/check.sh [tarball|deb]     one of both
set -euo pipefail
cd "$(dirname "$0")/../.."

out=$PWD/build/package/out
roots=$PWD/build/package/roots
work=$(mktemp -d /tmp/kd-package-check-XXXXXX)
children=()
say() { printf 'package-check: %s (%s s)\n' "$*" "$SECONDS" >&2; }
fail() {
  say "FAILED: $*"
  exit 1
}
finish() {
  local code=$?
  for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
  if ((code == 0)); then rm -rf "$work"; else say "exit $code; the folder is $work"; fi
}
trap finish EXIT

((EUID == 0)) || fail 'entering another root needs root'
tarball=$(compgen -G "$out/kafka-dispatcher-*.tar.gz" || true)
deb=$(compgen -G "$out/kafka-dispatcher_*.deb" || true)
[[ -n $tarball && -n $deb ]] || fail 'there are no packages: run make package'
command -v mmdebstrap >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq mmdebstrap >/dev/null

# bare_root NAME: a fresh copy of a minimal Debian in $work/NAME
bare_root() {
  mkdir -p "$roots"
  if [[ ! -f $roots/bookworm.tar ]]; then
    say 'making a minimal Debian'
    mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$roots/bookworm.tar.new" --format=tar >/dev/null
    mv "$roots/bookworm.tar.new" "$roots/bookworm.tar"
  fi
  mkdir "$work/$1"
  tar -xf "$roots/bookworm.tar" -C "$work/$1"
  cp /etc/resolv.conf "$work/$1/etc/resolv.conf"
  local tool
  for tool in cc gcc g++ make python3 node npm java; do
    inside "$1" sh -c "! command -v $tool" >/dev/null || fail "the bare system has $tool"
  done
}

# inside NAME COMMAND…: in that root, as process 1 of its own, with /proc and /dev; the network is the host's.
inside() {
  local root=$work/$1
  shift
  # shellcheck disable=SC2016 # expanded by the inner shell
  unshare --mount --pid --fork --kill-child=KILL sh -c 'root=$1; shift
    mount -t proc proc "$root/proc" && mount --bind /dev "$root/dev" && exec chroot "$root" env -i \
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
      ${NOTIFY_SOCKET:+NOTIFY_SOCKET=$NOTIFY_SOCKET} ${WATCHDOG_USEC:+WATCHDOG_USEC=$WATCHDOG_USEC} \
      ${http_proxy:+http_proxy=$http_proxy} "$@"' sh "$root" "$@"
}

# The program in a root: version, demo, a TypeScript transform, and what it tells its service manager.
check_program() {
  local name=$1 kd=$2 said
  said=$(inside "$name" "$kd" --version)
  [[ $said == "$(node -p 'require("./package.json").version')" ]] || fail "$kd --version says $said"
  inside "$name" "$kd" demo -o json >"$work/demo.json" 2>"$work/demo.log" || fail "kd demo: $(tail -5 "$work/demo.log")"
  # shellcheck disable=SC2016 # JavaScript
  node -e '
    const text = require("node:fs").readFileSync(process.argv[1], "utf8");
    const { records, exitCode } = JSON.parse(text.slice(text.lastIndexOf("\n{\"schema\"") + 1));
    console.error(`package-check: kd demo: ${records.consumed} consumed, ${records.transformed} transformed, ${records.deadLettered} dead letters`);
    if (exitCode !== 0 || records.consumed < 200_000 || records.consumed !== records.transformed + records.deadLettered) process.exit(1);
  ' "$work/demo.json" || fail 'kd demo does not add up'
  check_notices "$name" "$kd"
}

wait_for() { # FILE PATTERN WHAT
  local n
  for ((n = 0; n < 300; n++)); do
    grep -qE "$2" "$1" 2>/dev/null && return
    sleep 0.1
  done
  cat "$1" >&2 || true
  fail "not seen in 30 s: $3"
}

check_notices() {
  local name=$1 kd=$2 root=$work/$1 servers
  mkdir -p "$root/run" "$root/etc/kafka-dispatcher"
  rm -f "$root/run/notify"
  mkfifo "$work/$name.stay"
  python3 test/support/service/manager.py "$root/run/notify" <>"$work/$name.stay" >"$work/$name.notices" &
  children+=($!)
  node scripts/package/broker.mjs >"$work/$name.broker" &
  children+=($!)
  wait_for "$work/$name.broker" . 'the broker'
  wait_for "$work/$name.notices" ready 'the stand-in of systemd'
  servers=$(<"$work/$name.broker")
  cat >"$root/etc/kafka-dispatcher/check.ts" <<'T'
import { drop } from 'kafka-dispatcher';
export default (value: { n: number }) => (value.n > 1 ? value : drop('SMALL'));
T
  cat >"$root/etc/kafka-dispatcher/check.yml" <<Y
kafka:
  bootstrap-servers: $servers
  consumer: { group-id: check, topics: [check-in] }
  producer: { topic: check-out }
dispatcher:
  transform: ./check.ts
  input: { format: json }
  output: { format: json }
server: { port: 0 }
Y
  NOTIFY_SOCKET=/run/notify WATCHDOG_USEC=1000000 inside "$name" "$kd" run -c /etc/kafka-dispatcher/check.yml \
    >"$work/$name.out" 2>"$work/$name.err" &
  wait_for "$work/$name.notices" READY=1 'READY=1'
  wait_for "$work/$name.notices" WATCHDOG=1 'WATCHDOG=1'
  wait_for "$work/$name.notices" 'STATUS=running' 'STATUS=running'
  local sender
  sender=$(sed -nE 's/^\{"pid": ([0-9]+), .*READY=1.*/\1/p' "$work/$name.notices")
  kill -HUP "$sender"
  kill -TERM "$sender"
  wait $! || fail "kd run ended with $?: $(tail -3 "$work/$name.err")"
  wait_for "$work/$name.notices" STOPPING=1 'STOPPING=1'
  say "$name: as process 1, drained at SIGTERM; the service manager saw READY, WATCHDOG, STATUS and STOPPING"
}

check_tarball() {
  say 'the tarball in a bare Debian'
  bare_root tarball
  tar -xzf "$tarball" -C "$work/tarball/opt"
  local folder
  folder=/opt/$(basename "$tarball" .tar.gz)
  ln -s "$folder/bin/kd" "$work/tarball/usr/local/bin/kd"
  check_program tarball kd
}

check_deb() {
  say 'the Debian package in a bare Debian'
  bare_root deb
  cp "$deb" "$work/deb/tmp/kafka-dispatcher.deb"
  inside deb sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends /tmp/kafka-dispatcher.deb' \
    >"$work/apt.log" 2>&1 || fail "apt-get install: $(tail -5 "$work/apt.log")"
  inside deb getent passwd kafka-dispatcher | grep -q nologin || fail 'there is no user kafka-dispatcher'
  [[ $(inside deb stat -c '%U:%G %a' /etc/kafka-dispatcher/example.yml) == 'root:kafka-dispatcher 640' ]] ||
    fail 'the configuration is readable for others'
  inside deb cat /var/lib/dpkg/info/kafka-dispatcher.conffiles | grep -q example.yml || fail 'example.yml is no conffile'
  check_program deb kd
  check_units
  inside deb sh -c 'echo "# mine" >>/etc/kafka-dispatcher/example.yml; dpkg -i --force-confold /tmp/kafka-dispatcher.deb' >/dev/null
  grep -q '# mine' "$work/deb/etc/kafka-dispatcher/example.yml" || fail 'an upgrade changes the configuration'
  inside deb dpkg --purge kafka-dispatcher >/dev/null 2>&1
  [[ ! -e $work/deb/etc/kafka-dispatcher && ! -e $work/deb/usr/lib/kafka-dispatcher ]] || fail 'a purge leaves files'
  ! inside deb getent passwd kafka-dispatcher >/dev/null || fail 'a purge leaves the user'
  say 'installed, upgraded with a changed configuration, purged'
}

check_units() {
  local unit exposure
  command -v systemd-analyze >/dev/null || fail 'systemd-analyze is missing'
  say 'installing systemd there, which looks at the units'
  inside deb sh -c 'DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends systemd' >"$work/apt.log" 2>&1 ||
    fail "apt-get install systemd: $(tail -5 "$work/apt.log")"
  inside deb env SYSTEMD_LOG_TARGET=console systemd-analyze verify kafka-dispatcher@example.service kafka-dispatcher-job@example.service \
    kafka-dispatcher-job@example.timer >"$work/verify.log" 2>&1 || fail "systemd-analyze verify: $(cat "$work/verify.log")"
  grep -iE 'kafka-dispatcher' "$work/verify.log" && fail 'systemd-analyze verify has something to say'
  for unit in kafka-dispatcher@example kafka-dispatcher-job@example; do
    exposure=$(systemd-analyze security --offline=yes --root="$work/deb" --threshold=30 "$unit.service" 2>&1) ||
      fail "$unit: $(tail -1 <<<"$exposure")"
    say "$unit:$(sed -nE 's/.*(exposure level).*: ([0-9.]+).*/ \1 \2/p' <<<"$exposure")"
  done
}

case ${1:-both} in
  tarball) check_tarball ;;
  deb) check_deb ;;
  both)
    check_tarball
    check_deb
    ;;
  *) fail "unknown: $1" ;;
esac
say passed
