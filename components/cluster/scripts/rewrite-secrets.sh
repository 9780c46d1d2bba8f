#!/bin/bash
# Has every Secret written anew, so that etcd holds it under the key that is the first now. Runs after api.sh.
# Environment: FIRST (set where the cluster is new). Idempotent: what is under that key already is not written.
: "${scratch:?is made by api.sh}"
if [ -n "${FIRST:-}" ]; then exit 0; fi
if ! find_api; then
  echo "no control plane has answered for $PATIENCE s, so the cluster's secrets are under their former key: see ./grunnmur status" >&2
  exit 1
fi
rewrite() { # one that somebody else changes or deletes meanwhile is written by them, under the new key, or gone
  kube get secrets --all-namespaces -o json >"$scratch/secrets" &&
    kube replace -f "$scratch/secrets" 2>"$scratch/error" >"$scratch/done"
}
for try in 1 2 3 4 5; do
  if rewrite; then
    echo "$(wc -l <"$scratch/done") secrets are under the key that is in use"
    exit 0
  fi
  sleep "$try"
done
echo "not every Secret could be written anew: $(grep -o 'Error from server ([A-Za-z]*)' "$scratch/error" | sort | uniq -c | tr '\n' ' ')" >&2
exit 1
