#!/bin/bash
# Makes this machine a member of the cluster, once. What server.sh or worker.sh wrote lies here already.
# Standard input: base64 tar with `join.yaml`, `discovery.conf`, `find-cluster.sh`, `init.yaml` only on the one machine that
# may make the cluster, and `rootfs/…` (a control plane's authorities).
# Idempotent: a member is left alone; one that broke off half-way is reset and starts over.
set -euo pipefail

root=${ROOT:-}
own=$root/etc/kubernetes/grunnmur
payload=$(mktemp -d "$root/run/grunnmur.XXXXXX")
trap 'rm -rf "$payload" "$root/run/grunnmur-discovery.conf"' EXIT
umask 022 # the folders made here give their modes to those of the machine
base64 -d | tar -xpC "$payload"
umask 077

if [ -e "$own/complete" ]; then
  echo "already a member"
  exit 0
fi
if [ -n "$(ls -A "$root/etc/kubernetes/manifests" 2>/dev/null)" ] || [ -e "$root/etc/kubernetes/kubelet.conf" ] ||
  [ -e "$root/etc/kubernetes/bootstrap-kubelet.conf" ]; then
  echo "an earlier attempt broke off: starting over"
  kubeadm reset --force >/dev/null 2>&1 || true
fi
if [ -d "$payload/rootfs" ]; then cp -a "$payload/rootfs/." "$root/"; fi
systemctl enable -q kubelet

join() {
  cp "$payload/discovery.conf" "$root/run/grunnmur-discovery.conf"
  if kubeadm join --config "$payload/join.yaml"; then return; fi
  echo "this machine did not join: kubeadm says why above. Its token is good for a day after 'cluster-admission-open' ran;" >&2
  echo "where the reason is 'Unauthorized', replace that resource: 'pulumi up --replace' with its URN, as docs/operating.md says." >&2
  return 1
}
wait_for_api() {
  local deadline=$((SECONDS + ${PATIENCE:-300}))
  until curl -sfk -m 10 "${API:-https://127.0.0.1:7443}/readyz" >/dev/null; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      echo "no control plane has answered for ${PATIENCE:-300} s. This machine does not make a cluster of its own: the environment's" >&2
      echo "was begun on another one. Bring a control plane back and run this again; where all are lost: destroy, then up." >&2
      return 1
    fi
    sleep 2
  done
}

decision='join'
if [ -e "$payload/init.yaml" ]; then
  decision=$(bash "$payload/find-cluster.sh" "$root/etc/kubernetes/pki/ca.crt" <"$own/peers")
fi
if [ "$decision" = init ]; then
  { cat "$payload/init.yaml" && echo --- && cat "$own/cluster.yaml"; } >"$payload/kubeadm.yaml"
  kubeadm init --config "$payload/kubeadm.yaml" --skip-token-print
else
  wait_for_api
  join
fi
touch "$own/complete"
