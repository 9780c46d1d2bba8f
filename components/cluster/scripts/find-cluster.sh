#!/bin/bash
# Prints `join` where another control plane's API server answers, and `init` where every other control plane is a
# machine that answers and on which nothing of a cluster runs.
# Argument: file with the certificate of the cluster's authority. Standard input: the others' addresses, one a line.
# A peer that is neither is waited for and then an error: it may hold the cluster, only slow or cut off, and a cluster
# made beside it would have the same name and the same keys.
set -euo pipefail

authority=$1
mapfile -t peers

listens() { timeout 5 bash -c "exec 3<>/dev/tcp/$1/$2" 2>/dev/null; }
blank() {
  local port
  listens "$1" "${SSH_PORT:-22}" || return 1
  for port in 6443 2379 2380 10250; do
    if listens "$1" "$port"; then return 1; fi
  done
}

deadline=$((SECONDS + ${PATIENCE:-300}))
while true; do
  unclear=()
  for peer in "${peers[@]}"; do
    if curl -sf -m 10 --cacert "$authority" "https://$peer:6443/readyz" >/dev/null; then
      echo join
      exit
    fi
    blank "$peer" || unclear+=("$peer")
  done
  if [ "${#unclear[@]}" -eq 0 ]; then
    echo init
    exit
  fi
  if [ "$SECONDS" -ge "$deadline" ]; then
    echo "control plane ${unclear[*]} neither serves nor is an empty machine that answers: a cluster made here might be a second one." >&2
    echo "Bring it back, or replace its machine, and run this again." >&2
    exit 1
  fi
  sleep 2
done
