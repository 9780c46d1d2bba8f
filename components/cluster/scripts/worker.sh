#!/bin/bash
# Keeps what a worker's kubelet is set to and the authorities that it follows, and applies it where the worker is a member already.
# Folder PAYLOAD: `kubelet.sh`, `trust.sh` with what it reads, `patience` (seconds) and `rootfs/…`. Idempotent. Says what it changed.
set -euo pipefail

root=${ROOT:-}
there=$root/etc/kubernetes
payload=${PAYLOAD:?}
umask 022
export PATIENCE
PATIENCE=$(cat "$payload/patience")

new=$payload/rootfs/etc/kubernetes
# One that joins has the authorities from whom it joins, and kubeadm refuses a file that is there already.
if [ -e "$there/grunnmur/complete" ] && [ -e "$new/pki/ca.crt" ]; then
  if ! cmp -s "$new/pki/ca.crt" "$there/pki/ca.crt"; then
    cp "$new/pki/ca.crt" "$there/pki/ca.crt.part"
    mv "$there/pki/ca.crt.part" "$there/pki/ca.crt"
  fi
  bash "$payload/trust.sh" kubelet
fi
settings=grunnmur/kubelet.yaml
if cmp -s "$new/$settings" "$there/$settings"; then exit 0; fi
if [ -e "$there/grunnmur/complete" ]; then bash "$payload/kubelet.sh" /etc/kubernetes/kubelet.conf; fi
# Last: a run that breaks off before it begins again.
install -D -m 600 "$new/$settings" "$there/$settings"
