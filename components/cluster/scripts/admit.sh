#!/bin/bash
# Lets one machine join, for a day at most. Runs after api.sh; given `token.yaml`, and `founder` where the machine is the one
# that may make the cluster: kubeadm brings its token there. Idempotent.
: "${scratch:?is made by api.sh}"
if [ -e "$scratch/founder" ]; then
  if ! look_for_api "$NODE"; then exit 0; fi
elif ! find_api "$NODE"; then
  echo "no control plane has answered for $PATIENCE s, and $NODE needs one to join: see ./grunnmur status" >&2
  exit 1
fi
# Quoted, so that it stays a text: an unquoted time is one of YAML's own types.
sed -i "s/EXPIRATION/'$(date -u -d '+24 hours' +%Y-%m-%dT%H:%M:%SZ)'/" "$scratch/token.yaml"
kube apply --server-side --force-conflicts -f "$scratch/token.yaml" >/dev/null
