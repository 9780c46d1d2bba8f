#!/bin/bash
# Registers the cluster's deploy key at a GitLab project, read-only.
# Environment: GITLAB (address), PROJECT (its ID), TITLE. Standard input: base64 tar with `header` (curl configuration with
# the token) and `key.pub`.
# Idempotent: the same key is registered once; the same title with another key is replaced.
# https://docs.gitlab.com/api/deploy_keys/
set -euo pipefail

payload=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$payload"' EXIT
base64 -d | tar -xpC "$payload"
key=$(cut -d' ' -f1,2 "$payload/key.pub")
keys="$GITLAB/api/v4/projects/$PROJECT/deploy_keys"

api() { # CURL-ARGUMENT…
  local status
  status=$(curl -sS -m 30 -o "$payload/answer" -w '%{http_code}' --config "$payload/header" "$@")
  case "$status" in
    2*) cat "$payload/answer" ;;
    401 | 403) echo "GitLab answered $status: gitHostToken needs the scope 'api' and the role Maintainer in project $PROJECT" >&2; return 1 ;;
    *) echo "GitLab answered $status to $keys: $(head -c 300 "$payload/answer")" >&2; return 1 ;;
  esac
}

api "$keys?per_page=100" >"$payload/list"
while IFS=$'\t' read -r id can_push registered; do
  if [ "$registered" = "$key" ] && [ "$can_push" = false ]; then
    echo "deploy key is registered read-only already"
    exit 0
  fi
  api -X DELETE "$keys/$id" >/dev/null
  echo "removed the deploy key that this one replaces"
done < <(jq -r --arg title "$TITLE" --arg key "$key" \
  '.[] | select(.title == $title or (.key | startswith($key))) | [.id, .can_push, (.key | split(" ")[:2] | join(" "))] | @tsv' "$payload/list")
jq -n --arg title "$TITLE" --arg key "$key" '{title: $title, key: $key, can_push: false}' >"$payload/body"
api -X POST -H 'Content-Type: application/json' --data-binary "@$payload/body" "$keys" >/dev/null
echo "deploy key registered read-only"
