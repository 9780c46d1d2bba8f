#!/bin/sh
# Opens a merge request in the configuration repository that sets payment-service's image to this commit.
# In the environment: CI_COMMIT_SHA, CONFIG_REPOSITORY, CONFIG_REPOSITORY_TOKEN.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
export GIT_ASKPASS="$here/askpass.sh" GIT_TERMINAL_PROMPT=0

checkout=$(mktemp -d)
trap 'rm -rf "$checkout"' EXIT
git clone --quiet --depth 1 "$CONFIG_REPOSITORY" "$checkout"
cd "$checkout"

if ! files=$(grep -rlE 'image: .*/payment-service:' clusters); then
  echo "$CONFIG_REPOSITORY has no image of payment-service below clusters/" >&2
  exit 1
fi
for file in $files; do
  sed -i -E "s|(image: .*/payment-service:).*|\1$CI_COMMIT_SHA|" "$file"
done
if git diff --quiet; then
  echo "payment-service is at $CI_COMMIT_SHA already"
  exit 0
fi

branch="payment-service-$CI_COMMIT_SHA"
title="Set payment-service to $CI_COMMIT_SHA"
git checkout --quiet -b "$branch"
git -c user.name=payment-service -c user.email=payment-service@localhost commit --quiet --all --message "$title"
git push --quiet --push-option=merge_request.create --push-option="merge_request.title=$title" origin "$branch"
echo "proposed: $title"
