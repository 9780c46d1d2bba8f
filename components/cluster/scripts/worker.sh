#!/bin/bash
# Keeps what a worker's kubelet is set to, and applies it where the worker is a member already.
# Folder PAYLOAD: `kubelet.sh`, `patience` (seconds) and `rootfs/…`. Idempotent. Says what it changed.
set -euo pipefail

root=${ROOT:-}
own=$root/etc/kubernetes/grunnmur
payload=${PAYLOAD:?}
umask 022

new=$payload/rootfs/etc/kubernetes/grunnmur/kubelet.yaml
if cmp -s "$new" "$own/kubelet.yaml"; then exit 0; fi
if [ -e "$own/complete" ]; then
  PATIENCE=$(cat "$payload/patience") bash "$payload/kubelet.sh" /etc/kubernetes/kubelet.conf
fi
# Last: a run that breaks off before it begins again.
install -D -m 600 "$new" "$own/kubelet.yaml"
