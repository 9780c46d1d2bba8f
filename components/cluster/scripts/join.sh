#!/bin/bash
# Makes this machine a member of the cluster, once, and has a member say where it stands. What server.sh or worker.sh wrote lies here already.
# Folder PAYLOAD: `kubelet.sh`, `labels`, `patience` (seconds), `join.yaml`, `discovery.conf`, `version` (the cluster's), `find-cluster.sh`, `init.yaml` only on the one machine that may make the
# cluster, and `authorities/…` (a control plane's).
# Idempotent: a member joins no second time; one that broke off half-way is reset and starts over.
set -euo pipefail

root=${ROOT:-}
own=$root/etc/kubernetes/grunnmur
payload=${PAYLOAD:?}
trap 'rm -f "$root/run/grunnmur-discovery.conf"' EXIT
umask 077

if [ -e "$own/complete" ]; then
  echo "already a member"
  PATIENCE=$(cat "$payload/patience") bash "$payload/kubelet.sh" --labels "$(cat "$payload/labels")"
  exit 0
fi
if [ -n "$(ls -A "$root/etc/kubernetes/manifests" 2>/dev/null)" ] || [ -e "$root/etc/kubernetes/kubelet.conf" ] ||
  [ -e "$root/etc/kubernetes/bootstrap-kubelet.conf" ]; then
  echo "an earlier attempt broke off: starting over"
  kubeadm reset --force >/dev/null 2>&1 || true
fi
if [ -d "$payload/authorities" ]; then cp -a "$payload/authorities/." "$root/"; fi
systemctl enable -q --no-reload kubelet # kubeadm has it read anew

minor() { cut -d. -f2 <<<"$1"; }
ask() { # [FLAGS]
  kubeadm join --config "$payload/join.yaml" "$@" 2>&1 | tee "$payload/said"
}
join() {
  local mine cluster
  mine=$(kubeadm version -o short)
  cluster=$(cat "$payload/version")
  # https://kubernetes.io/releases/version-skew-policy/#kubelet
  if [ "$(minor "$mine")" -gt "$(minor "$cluster")" ]; then
    echo "this machine did not join: its Kubernetes is $mine, newer than the cluster's $cluster. './grunnmur upgrade' brings the cluster to it, and this machine in." >&2
    return 1
  fi
  cp "$payload/discovery.conf" "$root/run/grunnmur-discovery.conf"
  if ask; then return; fi
  # While a member is added etcd can be slow for everybody. kubeadm then asks it once, for two seconds, and gives up; all that
  # comes before is done, and what is done of this phase it finds done.
  local deadline=$((SECONDS + ${PATIENCE:-300}))
  while grep -q '^error: .*phase etcd-join' "$payload/said" && [ "$SECONDS" -lt "$deadline" ]; do
    echo "etcd did not answer in time while this machine became a member: asking again"
    sleep 5
    if ask --skip-phases preflight,control-plane-prepare,check-etcd,kubelet-start; then return; fi
  done
  if grep -q Unauthorized "$payload/said"; then
    echo "this machine did not join: its token was good for a day, and is no more. './grunnmur replace' of it gives it another." >&2
  else
    # Last, because by it is judged whether another try may help.
    echo "this machine did not join: $(grep -i '^error' "$payload/said" | tail -n 1)" >&2
  fi
  return 1
}
answers_within_patience() { # URL
  local deadline=$((SECONDS + ${PATIENCE:-300}))
  until curl -sfk -m 10 "$1/readyz" >/dev/null; do
    if [ "$SECONDS" -ge "$deadline" ]; then return 1; fi
    sleep 2
  done
}
wait_for_api() {
  if answers_within_patience "${API:-https://127.0.0.1:7443}"; then return; fi
  echo "no control plane has answered for ${PATIENCE:-300} s. This machine does not make a cluster of its own: the environment's" >&2
  echo "was begun on another one. Bring a control plane back and run this again; where all are lost: destroy, then up." >&2
  return 1
}

# In its first minute the API server makes what every cluster begins with, and ends where it does not get through. So the rest of
# the control plane, which would ask it all the while, starts when it is ready.
server=preflight,certs,kubeconfig,etcd,control-plane/apiserver,kubelet-start
others=control-plane/controller-manager,control-plane/scheduler,wait-control-plane
objects=upload-config,upload-certs,mark-control-plane,bootstrap-token,kubelet-finalize,addon
begin() { # PHASES that are left out
  kubeadm init --config "$payload/kubeadm.yaml" --skip-token-print --skip-phases "$1" 2>&1 | tee "$payload/said"
}
init() {
  begin "$others,$objects,show-join-command"
  if ! answers_within_patience https://127.0.0.1:6443; then
    echo "this machine's API server is not ready after ${PATIENCE:-300} s: what it says stands in /var/log/pods on this machine" >&2
    return 1
  fi
  if begin "$server"; then return; fi
  # One request that a slow server does not answer in time ends kubeadm. Each of these makes objects so, and finds so what it made.
  local deadline=$((SECONDS + ${PATIENCE:-300}))
  while grep -qE "^error: .*phase (${objects//,/|})" "$payload/said" && [ "$SECONDS" -lt "$deadline" ]; do
    echo "the API server did not answer in time while the cluster was made: asking again"
    sleep 5
    if begin "$server,$others"; then return; fi
  done
  echo "this machine did not make the cluster: $(grep -i '^error' "$payload/said" | tail -n 1)" >&2
  return 1
}

decision='join'
if [ -e "$payload/init.yaml" ]; then
  decision=$(bash "$payload/find-cluster.sh" "$root/etc/kubernetes/pki/ca.crt" <"$own/peers")
fi
if [ "$decision" = init ]; then
  { cat "$payload/init.yaml" && echo --- && cat "$own/cluster.yaml"; } >"$payload/kubeadm.yaml"
  init
else
  wait_for_api
  join
fi
touch "$own/complete"
