#!/bin/bash
# Registers the cluster's deploy key read-only, and reads back that it is. Runs after deploy-keys.sh.
# Idempotent: the same key is registered once; the same title with another key is replaced.
set -euo pipefail

: "${payload:?is made by deploy-keys.sh}" "${key:?}"
related=$(related_keys)
registered=no
replaced=()
while IFS=$'\t' read -r id read_only found; do
  if [ -z "$id" ]; then continue; fi
  if [ "$found" = "$key" ] && [ "$read_only" = true ]; then
    registered=yes
  elif [ "$found" = "$key" ] || titles_are_unique; then
    # No host takes a key twice, and not every one a title.
    delete_key "$id"
    echo "removed a deploy key that stood in the way"
  else
    replaced+=("$id")
  fi
done <<<"$related"
if [ "$registered" = no ]; then create_key; fi
# Only now: where the new one is refused, the cluster pulls on with the old one.
for id in "${replaced[@]}"; do
  delete_key "$id"
  echo "removed the deploy key that this one replaces"
done

# A host may take a key without a word that it is disabled, or that it may push.
related=$(related_keys)
if [ "$related" != "${related%%$'\t'*}"$'\t'"true"$'\t'"$key" ]; then
  listed=${related//$'\n'/, }
  echo "$(host) has taken the deploy key '$TITLE', and lists for $(place) (ID, usable and read-only, key):" \
    "${listed:-none}. Allowed is this key once, with true. Look at the deploy keys there, and run up again" >&2
  exit 1
fi
if [ "$registered" = yes ]; then
  echo "deploy key is registered read-only already"
else
  echo "deploy key registered read-only"
fi
