#!/bin/bash
# Empties every Node that is not in the file `nodes`, one after the other, while the others still know the way to its pods.
# Runs after api.sh and leaving.sh. With FIRST=yes a cluster that does not answer is one that is not made yet.
# Idempotent.
: "${scratch:?is made by api.sh}"
if [ "${FIRST:-}" = yes ]; then
  if ! look_for_api; then exit 0; fi
elif ! find_api; then
  echo "no control plane has answered for $PATIENCE s, so it is not known which nodes have to be emptied: see ./grunnmur status" >&2
  exit 1
fi
all=$(kube get nodes -o 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}')
for node in $all; do
  if grep -qxF "$node" "$scratch/nodes"; then continue; fi
  empty "$node"
done
