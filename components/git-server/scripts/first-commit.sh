#!/bin/bash
# Gives an empty repository of this machine its first commit, on the branch that is the repository's own.
# Standard input: base64 tar with `repository` (its name), and either `seed/…` (files) or `bundle` (base64 of a Git bundle
# whose branch is main).
# Environment, for tests: GIT_HOME, GIT_USER.
# Idempotent: a repository that has a branch is never touched. Git sets the branch last, so an interrupted run is continued.
set -euo pipefail

home=${GIT_HOME:-/srv/git} user=${GIT_USER:-git}
payload=$(mktemp -d -p /run)
trap 'rm -rf "$payload"' EXIT
base64 -d | tar -xC "$payload"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null

name=$(cat "$payload/repository")
own() { setpriv --reuid "$user" --regid "$user" --clear-groups env HOME="$home" git -C "$home/$name.git" "$@"; }
branch=$(own symbolic-ref --short HEAD)
if [ -n "$(own for-each-ref --count 1 refs/heads)" ]; then
  echo "repository $name has commits already: left as it is"
  exit 0
fi
if [ -f "$payload/bundle" ]; then
  base64 -d "$payload/bundle" >"$payload/first"
else
  git -c init.defaultBranch=main init -q "$payload/seed"
  git -C "$payload/seed" add -A
  git -C "$payload/seed" -c user.name=grunnmur -c user.email=grunnmur@localhost commit -qm "Start from the scaffold"
  git -C "$payload/seed" bundle create -q "$payload/first" main
fi
# Fetched by the account that serves it: root would leave objects that nobody who pushes can add to.
chmod 711 "$payload"
chmod 644 "$payload/first"
own fetch -q "$payload/first" "main:$branch"
echo "repository $name has its first commit, on $branch"
