#!/usr/bin/env bash
# Compiles the C programs of this folder against the librdkafka that node-rdkafka built: one library for all sides of the comparison.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
rdkafka="$here/../../node_modules/node-rdkafka"
out="$here/build"
mkdir -p "$out"
for program in floor latency measure; do
  if [[ "$out/$program" -nt "$here/$program.c" && "$out/$program" -nt "$here/common.h" ]]; then continue; fi
  cc -O2 -Wall -Wextra -isystem "$rdkafka/deps/librdkafka/src" -o "$out/$program" "$here/$program.c" -L"$rdkafka/build/deps" -l:librdkafka.so.1 -Wl,-rpath,"$(realpath "$rdkafka/build/deps")" -lpthread
done
