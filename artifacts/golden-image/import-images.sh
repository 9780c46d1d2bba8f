#!/bin/bash
# Puts container images into a root filesystem as if its own containerd had pulled them, so that a node needs no
# registry to start. A throw-away containerd writes straight into the root's /var/lib/containerd.
#
# usage: import-images.sh ROOT IMAGE…      each is a docker-save tarball
# needs root
set -euo pipefail

root=$1
shift
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

cat >"$scratch/config.toml" <<TOML
version = 3
root = "$root/var/lib/containerd"
state = "$scratch/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.nri.v1.nri"]
[grpc]
  address = "$scratch/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "$scratch/opt"
TOML

ctr() {
  "$root/usr/local/bin/ctr" --address "$scratch/containerd.sock" --namespace k8s.io "$@"
}

"$root/usr/local/bin/containerd" --config "$scratch/config.toml" >"$scratch/log" 2>&1 &
daemon=$!
for _ in $(seq 100); do
  if ctr version >/dev/null 2>&1; then break; fi
  sleep 0.1
done
ctr version >/dev/null || {
  tail -n 20 "$scratch/log" >&2
  exit 1
}

for image in "$@"; do
  echo "importing ${image##*/}" >&2
  ctr images import --platform linux/amd64 "$image" >/dev/null
done

# The kubelet throws out images when the disk fills; a node that has no registry yet could not get these back.
for ref in $(ctr images list --quiet); do
  ctr images label "$ref" io.cri-containerd.image=managed io.cri-containerd.pinned=pinned >/dev/null
done
ctr images list --quiet
