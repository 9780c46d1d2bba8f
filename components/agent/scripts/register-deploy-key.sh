#!/bin/bash
# Registers the cluster's deploy key at a GitLab project, read-only. Runs after gitlab.sh.
# Idempotent: the same key is registered once; the same title with another key is replaced.
set -euo pipefail

: "${payload:?is made by gitlab.sh}" "${key:?}" "${keys:?}"
related=$(related_keys)
registered=no
while IFS=$'\t' read -r id can_push found; do
  if [ -z "$id" ]; then continue; fi
  if [ "$found" = "$key" ] && [ "$can_push" = false ]; then
    registered=yes
    continue
  fi
  api -X DELETE "$keys/$id" >/dev/null
  echo "removed the deploy key that this one replaces"
done <<<"$related"
if [ "$registered" = yes ]; then
  echo "deploy key is registered read-only already"
  exit 0
fi
jq -n --arg title "$TITLE" --arg key "$key" '{title: $title, key: $key, can_push: false}' >"$payload/body"
api -X POST -H 'Content-Type: application/json' --data-binary "@$payload/body" "$keys" >/dev/null
echo "deploy key registered read-only"
