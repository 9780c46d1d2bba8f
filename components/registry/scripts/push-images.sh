#!/bin/bash
# Pushes the images of the store that the registry does not hold yet.
# Environment: CRANE (the program), REGISTRY (host:port). Standard input: base64 tar with `config.json` (credentials),
# `ca.pem`, and `images`, lines of FILE REPOSITORY:TAG DIGEST.
# Idempotent: an image whose digest the registry gives already is left alone.
set -euo pipefail

payload=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$payload"' EXIT
base64 -d | tar -xC "$payload"
export DOCKER_CONFIG="$payload" SSL_CERT_FILE="$payload/ca.pem"

# Of this machine and its guests; see lib/machine.ts.
patience=${GRUNNMUR_PATIENCE:-1}
limit=$((300 * patience))
deadline=$((SECONDS + limit))
until timeout $((60 * patience)) "$CRANE" catalog "$REGISTRY" >/dev/null 2>"$payload/error"; do
  if [ "$SECONDS" -ge "$deadline" ]; then
    echo "the registry at $REGISTRY did not answer within $limit s: $(tail -n 1 "$payload/error")" >&2
    exit 1
  fi
  sleep 2
done

while read -r file image digest; do
  if [ "$(timeout $((60 * patience)) "$CRANE" digest "$REGISTRY/$image" 2>/dev/null)" = "$digest" ]; then continue; fi
  started=$SECONDS
  timeout $((1800 * patience)) "$CRANE" push "$file" "$REGISTRY/$image" >/dev/null 2>"$payload/error" || {
    echo "pushing $image failed: $(tail -n 1 "$payload/error")" >&2
    exit 1
  }
  echo "pushed $image in $((SECONDS - started)) s"
done <"$payload/images"
