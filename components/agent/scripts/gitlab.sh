#!/bin/bash
# Stands before register-deploy-key.sh and remove-deploy-key.sh: the deploy keys of a GitLab project.
# Environment: GITLAB (address), PROJECT (its ID), TITLE. Standard input: base64 tar with `header` (curl configuration with
# the token) and `key.pub`.
# https://docs.gitlab.com/api/deploy_keys/
set -euo pipefail

payload=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$payload"' EXIT
base64 -d | tar -xpC "$payload"
key=$(cut -d' ' -f1,2 "$payload/key.pub")
keys="$GITLAB/api/v4/projects/$PROJECT/deploy_keys"

api() { # CURL-ARGUMENT…
  local status
  status=$(curl -sS -m 30 -o "$payload/answer" -w '%{http_code}' --config "$payload/header" "$@") || return 1
  case "$status" in
    2*) cat "$payload/answer" ;;
    401 | 403) echo "GitLab answered $status: gitHostToken needs the scope 'api' and the role Maintainer in project $PROJECT" >&2; return 1 ;;
    *) echo "GitLab answered $status to $keys: $(head -c 300 "$payload/answer")" >&2; return 1 ;;
  esac
}

# The project's keys that are this one or bear its title, lines of ID CAN-PUSH KEY with tabs between.
related_keys() {
  local page=1 count=100
  while [ "$count" -eq 100 ]; do # GitLab gives no more at once
    api "$keys?per_page=100&page=$page" >"$payload/page" || return 1
    count=$(jq length "$payload/page") || return 1
    jq -r --arg title "$TITLE" --arg key "$key" '.[]
      | .key |= (split(" ")[:2] | join(" "))
      | select(.title == $title or .key == $key)
      | [.id, .can_push, .key] | @tsv' "$payload/page" || return 1
    page=$((page + 1))
  done
}
