#!/bin/sh
# Opens a merge request in the configuration repository that sets payment-service's image to this commit.
# In the environment: CI_COMMIT_SHA, CONFIG_REPOSITORY, CONFIG_REPOSITORY_TOKEN, and GRUNNMUR, the program ./grunnmur of a
# clone, for which REGISTRY_HOST, REGISTRY_USER, REGISTRY_PASSWORD and REGISTRY_CA_FILE say whom to ask for the image.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
export GIT_ASKPASS="$here/askpass.sh" GIT_TERMINAL_PROMPT=0

checkout=$(mktemp -d)
trap 'rm -rf "$checkout"' EXIT
git clone --quiet --depth 1 "$CONFIG_REPOSITORY" "$checkout"

"$GRUNNMUR" bump "payment-service=$CI_COMMIT_SHA" --registry "$REGISTRY_HOST" --dir "$checkout"
cd "$checkout"
if git diff --quiet; then
  echo "payment-service is at $CI_COMMIT_SHA already"
  exit 0
fi

branch="payment-service-$CI_COMMIT_SHA"
title="Set payment-service to $CI_COMMIT_SHA"
git -c user.name=payment-service -c user.email=payment-service@localhost commit --quiet --all --message "$title"
"$here/open.sh" "$branch" "$title"
echo "proposed: $title"
