#!/bin/sh
# Git's hook before a commit: judges what is staged, as the commit will have it, and not what lies in the work tree. It stands
# beside grunnmur-check.cjs, and a repository links to it:
#
#   ln -s DIRECTORY/pre-commit .git/hooks/pre-commit
#   git config grunnmur.registry registry.example.no
#   git config grunnmur.profile NO
#
# `git commit --no-verify` commits without it: review and the cluster hold to the rules all the same.
set -eu

here=$(dirname "$(readlink -f "$0")")
staged=$(mktemp -d "${TMPDIR:-/tmp}/grunnmur-staged-XXXXXX")
trap 'rm -rf "$staged"' EXIT
trap 'exit 1' HUP INT TERM

git checkout-index --all --prefix="$staged/"
# Nothing above it is looked at.
mkdir -p "$staged/.git"

set --
for name in registry profile; do
  if value=$(git config "grunnmur.$name"); then set -- "$@" "--$name" "$value"; fi
done
cd "$staged"
node "$here/grunnmur-check.cjs" "$@" .
