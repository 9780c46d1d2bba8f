#!/bin/bash
# Makes this machine a control plane: joins where another one answers, else makes the cluster.
# Standard input: base64 tar with `init.yaml`, `join.yaml`, `discovery.conf`, `peers` (addresses of the other control
# planes) and `rootfs/…` (authorities, keys, API server configuration).
# Idempotent: a machine that serves already is left alone; one that broke off half-way is reset and starts over.
set -euo pipefail

payload=$(mktemp -d -p /run)
trap 'rm -rf "$payload" /run/grunnmur-discovery.conf' EXIT
base64 -d | tar -xpC "$payload"
umask 077

serves() { kubectl --kubeconfig /etc/kubernetes/admin.conf get --raw /readyz >/dev/null 2>&1; }
if [ -e /etc/kubernetes/grunnmur/complete ]; then
  deadline=$((SECONDS + 300))
  until serves; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      echo "this control plane was made before, but its API server has not answered for 300 s: see 'journalctl -u kubelet'" >&2
      exit 1
    fi
    sleep 2
  done
  echo "already a control plane"
  exit 0
fi

if [ -e /etc/kubernetes/manifests ] && [ -n "$(ls -A /etc/kubernetes/manifests)" ]; then
  echo "an earlier attempt broke off: starting over"
  kubeadm reset --force >/dev/null 2>&1 || true
fi
cp -a "$payload/rootfs/." /
systemctl enable -q kubelet

joined=no
while read -r peer; do
  if curl -sf -m 10 --cacert /etc/kubernetes/pki/ca.crt "https://$peer:6443/readyz" >/dev/null; then
    cp "$payload/discovery.conf" /run/grunnmur-discovery.conf
    kubeadm join --config "$payload/join.yaml"
    joined=yes
    break
  fi
done <"$payload/peers"
if [ "$joined" = no ]; then
  kubeadm init --config "$payload/init.yaml" --skip-token-print
fi
touch /etc/kubernetes/grunnmur/complete
