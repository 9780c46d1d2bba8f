#!/bin/bash
# Makes this machine a control plane: joins where another one answers, else makes the cluster.
# Standard input: base64 tar with `init.yaml`, `join.yaml`, `discovery.conf`, `token.yaml` (lets machines join),
# `find-cluster.sh`, `peers` (addresses of the other control planes) and `rootfs/…` (authorities, keys, API server
# configuration).
# Idempotent: a machine that serves already is left alone; one that broke off half-way is reset and starts over.
set -euo pipefail

payload=$(mktemp -d -p /run)
trap 'rm -rf "$payload" /run/grunnmur-discovery.conf' EXIT
umask 022 # the folders made here give their modes to those of the machine
base64 -d | tar -xpC "$payload"
umask 077

kubectl() { command kubectl --kubeconfig /etc/kubernetes/admin.conf "$@"; }
serves() { kubectl get --raw /readyz >/dev/null 2>&1; }
if [ -e /etc/kubernetes/grunnmur/complete ]; then
  deadline=$((SECONDS + 300))
  until serves; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      echo "this control plane was made before, but its API server has not answered for 300 s: see 'journalctl -u kubelet'" >&2
      exit 1
    fi
    sleep 2
  done
  # Machines that came since join with a token of their own.
  kubectl apply --server-side --force-conflicts -f "$payload/token.yaml"
  echo "already a control plane"
  exit 0
fi

if [ -e /etc/kubernetes/manifests ] && [ -n "$(ls -A /etc/kubernetes/manifests)" ]; then
  echo "an earlier attempt broke off: starting over"
  kubeadm reset --force >/dev/null 2>&1 || true
fi
cp -a "$payload/rootfs/." /
systemctl enable -q kubelet

decision=$(bash "$payload/find-cluster.sh" /etc/kubernetes/pki/ca.crt <"$payload/peers")
if [ "$decision" = join ]; then
  cp "$payload/discovery.conf" /run/grunnmur-discovery.conf
  kubeadm join --config "$payload/join.yaml"
else
  kubeadm init --config "$payload/init.yaml" --skip-token-print
fi
touch /etc/kubernetes/grunnmur/complete
