#!/bin/bash
# Stands before what the machine that runs the program asks of the cluster: `kube` is kubectl at the control plane that
# `find_api` found, which is any that answers.
# Environment: KUBECTL, PATIENCE (seconds). Standard input: base64 tar with `kubeconfig`, which has a context for each control
# plane, by its name, and what the script after this one reads.
set -euo pipefail

scratch=$(mktemp -d -p /dev/shm) # secrets pass through here
trap 'rm -rf "$scratch"' EXIT
base64 -d | tar -xpC "$scratch"
export KUBECONFIG=$scratch/kubeconfig KUBECACHEDIR=$scratch/cache
if [ ! -x "$KUBECTL" ]; then KUBECTL=kubectl; fi # of a store that was emptied since
if ! command -v "$KUBECTL" >/dev/null; then
  echo "there is no kubectl in the store, nor on PATH, to ask the cluster with: ./grunnmur up brings it" >&2
  exit 1
fi

server=
kube() { "$KUBECTL" --context "$server" "$@"; }
look_for_api() { # [NODE that is not asked]
  local context
  for context in $("$KUBECTL" config get-contexts -o name); do
    if [ "$context" = "${1:-}" ]; then continue; fi
    server=$context
    if kube get --raw /readyz --request-timeout=15s >/dev/null 2>&1; then return; fi
  done
  server=
  return 1
}
find_api() { # [NODE that is not asked]
  local deadline=$((SECONDS + PATIENCE))
  until look_for_api "$@"; do
    if [ "$SECONDS" -ge "$deadline" ]; then return 1; fi
    sleep 2
  done
}
