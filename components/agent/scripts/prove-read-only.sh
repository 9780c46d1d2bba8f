#!/bin/bash
# Proves on a cluster node that the deploy key can fetch the repository and cannot push to it.
# Standard input: base64 tar with `key`, `known_hosts`, `repository` and `branch`.
set -euo pipefail

payload=$(mktemp -d -p /run)
trap 'rm -rf "$payload"' EXIT
base64 -d | tar -xpC "$payload"
repository=$(cat "$payload/repository")
branch=$(cat "$payload/branch")
export GIT_SSH_COMMAND="ssh -i $payload/key -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=30 -o StrictHostKeyChecking=yes -o UserKnownHostsFile=$payload/known_hosts"
export GIT_CONFIG_GLOBAL=/dev/null HOME=$payload

# A host that takes the connection and then says nothing would be waited for without end.
fetch() { timeout 300 git ls-remote --exit-code "$repository" "refs/heads/$branch" >/dev/null 2>"$payload/error"; }
if ! fetch; then
  echo "the deploy key cannot fetch $branch of $repository: $(tail -n 8 "$payload/error")" >&2
  echo "register its public half (output deployKey) read-only at the Git host, and check sync.hostKey" >&2
  exit 1
fi

git init -q "$payload/work"
git -C "$payload/work" -c user.name=proof -c user.email=proof@localhost commit -q --allow-empty -m "This must be refused"
proof="refs/heads/grunnmur-write-proof"
if timeout 300 git -C "$payload/work" push -q "$repository" "HEAD:$proof" 2>"$payload/error"; then
  timeout 300 git -C "$payload/work" push -q "$repository" ":$proof" 2>/dev/null || true
  echo "the deploy key may push to $repository: register it without write access" >&2
  exit 1
fi
# Refused, and not merely out of reach: the same connection still fetches.
fetch
echo "read-only"
