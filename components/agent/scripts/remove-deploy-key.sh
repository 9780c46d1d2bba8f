#!/bin/bash
# Removes the cluster's deploy key from a GitLab project. Runs after gitlab.sh.
# A token that has expired since must not keep the rest of the environment from being destroyed: what is left is said.
set -euo pipefail

: "${key:?is made by gitlab.sh}" "${keys:?}"
remove() {
  local related id found
  related=$(related_keys) || return 1
  while IFS=$'\t' read -r id _ found; do
    if [ "$found" != "$key" ]; then continue; fi
    api -X DELETE "$keys/$id" >/dev/null || return 1
    echo "deploy key removed"
  done <<<"$related"
}
remove || echo "the deploy key '$TITLE' may still be registered in project $PROJECT of $GITLAB: remove it there" >&2
