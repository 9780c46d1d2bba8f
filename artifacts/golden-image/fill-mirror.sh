#!/bin/bash
# Puts the system images into a root filesystem as its registry's own storage, below mirror/<upstream host>/, so that a
# registry node holds them from its first moment. A throw-away registry on loopback writes them.
#
# usage: fill-mirror.sh ROOT LIST CRANE      LIST has lines of TARBALL REFERENCE
# needs root
set -euo pipefail

root=$1
list=$2
crane=$3
scratch=$(mktemp -d)
daemon=

cleanup() {
  if [ -n "$daemon" ]; then
    kill "$daemon" 2>/dev/null || true
    wait "$daemon" 2>/dev/null || true
  fi
  rm -rf "$scratch"
}
trap cleanup EXIT

# A port that is free: the kernel gives one to a socket that asks for none.
port=$(bash -c 'exec 3<>/dev/udp/127.0.0.1/9; sed -n "s/^ *[0-9]*: 0100007F:\([0-9A-F]*\) 0100007F:0009 .*/\1/p" /proc/net/udp | tail -n 1')
port=$((16#$port))
cat >"$scratch/config.yml" <<YAML
version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: $root/var/lib/registry } }
http: { addr: "127.0.0.1:$port" }
YAML
OTEL_TRACES_EXPORTER=none "$root/usr/local/bin/registry" serve "$scratch/config.yml" >"$scratch/log" 2>&1 &
daemon=$!
for _ in $(seq 100); do
  if "$crane" catalog --insecure "127.0.0.1:$port" >/dev/null 2>&1; then break; fi
  sleep 0.1
done

while read -r file ref; do
  "$crane" push --insecure "$file" "127.0.0.1:$port/mirror/$ref" >/dev/null 2>"$scratch/error" || {
    cat "$scratch/error" >&2
    tail -n 20 "$scratch/log" >&2
    exit 1
  }
done <"$list"
chroot "$root" chown -R registry:registry /var/lib/registry
