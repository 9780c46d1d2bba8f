#!/bin/bash
# Removes the cluster's deploy key from its repository, and reads back that it is gone. Runs after deploy-keys.sh.
# A token that has expired since must not keep the rest of the environment from being destroyed: what is left is said.
set -euo pipefail

: "${payload:?is made by deploy-keys.sh}" "${key:?}"
this_key() { related_keys | awk -F '\t' -v key="$key" '$3 == key { print $1 }'; }
remove() {
  local found id
  found=$(this_key) || return 1
  if [ -z "$found" ]; then return 0; fi
  for id in $found; do delete_key "$id" || return 1; done
  found=$(this_key) || return 1
  if [ -n "$found" ]; then return 1; fi
  echo "deploy key removed"
}
remove || echo "the deploy key '$TITLE' may still be registered in $(place) of $URL: remove it there" >&2
