#!/bin/bash
# The deploy keys of a repository. Stands between the functions of its Git host, such as gitlab.sh, and
# register-deploy-key.sh or remove-deploy-key.sh.
# Environment: URL (address), PROJECT (the repository as the host's API names it), TITLE. Standard input: base64 tar with
# `curl` (configuration with the token), `token` and `key.pub`.
set -euo pipefail

payload=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$payload"' EXIT
base64 -d | tar -xpC "$payload"
key=$(cut -d' ' -f1,2 "$payload/key.pub")
keys=$(keys_address)
status=

# In one line, and without the token, which a proxy that is made for debugging may send back.
answer() {
  local text
  text=$(tr '\000-\037\177' ' ' <"$payload/answer")
  text=${text//"$(cat "$payload/token")"/(token)}
  printf '%s' "${text:0:300}"
}

limited() {
  [ "$status" = 429 ] || { [ "$status" = 403 ] && grep -qiE '^(retry-after:|x-ratelimit-remaining: 0)' "$payload/headers"; }
}

# Leaves the status in $status and what was answered in $payload/answer.
ask() { # METHOD ADDRESS [CURL-ARGUMENT…]
  local method=$1 address=$2
  shift 2
  : >"$payload/answer"
  # A redirect is not followed: it would carry the token to another host.
  status=$(curl -q -gsS -m 30 -X "$method" -o "$payload/answer" -D "$payload/headers" -w '%{http_code}' \
    --config "$payload/curl" "$@" "$address") || {
    echo "$(host) does not answer at $address: check sync.gitHost.url and the way there, and run up again" >&2
    return 1
  }
}

succeeded() {
  local mend
  if limited; then
    mend="It takes no more requests for now: wait, and run up again"
  else
    case "$status" in
      2*) return 0 ;;
      3*) mend="It is somewhere else, at $(sed -n 's/^[Ll]ocation: *//p' "$payload/headers" | tr -d '\000-\037\177'): write that address" ;;
      401 | 403 | 404) mend="gitHostToken must be in force and needs $(rights) in $(place), which must be there" ;;
      400 | 409 | 422) mend=$(refusal) ;;
      *) mend="Run up again when it works" ;;
    esac
  fi
  echo "$(host) answered $status at $keys: $(answer). $mend" >&2
  return 1
}

# The keys that are this one or bear its title, lines of ID READ-ONLY KEY with tabs between.
related_keys() {
  local page=0
  rm -f "$payload/last-page"
  # Up to an empty one: a host may give fewer at once than it is asked for.
  while :; do
    page=$((page + 1))
    ask GET "$keys?$(page_query "$page")" || return 1
    succeeded || return 1
    if jq -es '. == [[]]' "$payload/answer" >/dev/null 2>&1; then return 0; fi
    if cmp -s "$payload/answer" "$payload/last-page"; then
      echo "$(host) at $keys answers page $page with page $((page - 1)) again, and so not with all keys: ask its keeper" >&2
      return 1
    fi
    mv "$payload/answer" "$payload/last-page"
    # An ID becomes part of an address, at which a key is deleted.
    jq -rs --arg title "$TITLE" --arg key "$key" 'if length == 1 and (.[0] | type) == "array" then .[0][] else error end
      | .readOnly = ('"$(read_only)"')
      | .key |= ((. // "") | split(" ")[:2] | join(" "))
      | select(.title == $title or .key == $key)
      | if .id | type == "number" then [.id, .readOnly, .key] | @tsv else error end' "$payload/last-page" 2>/dev/null || {
      mv "$payload/last-page" "$payload/answer"
      echo "$(host) at $keys answered with something else than a list of deploy keys: $(answer). Check sync.gitHost.url" >&2
      return 1
    }
  done
}

create_key() {
  jq -n --arg title "$TITLE" --arg key "$key" '{title: $title, key: $key} + '"$(as_read_only)" >"$payload/body"
  ask POST "$keys" -H 'Content-Type: application/json' --data-binary "@$payload/body" || return 1
  succeeded
}

# One that is gone already is as it should be; a host also says so of what the token may not delete: list them afterwards.
delete_key() { # ID
  ask DELETE "$keys/$1" || return 1
  [ "$status" = 404 ] || succeeded
}
