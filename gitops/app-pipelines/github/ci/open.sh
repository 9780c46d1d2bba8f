#!/bin/sh
# Pushes what was committed, and opens a pull request by GitHub's own gh. A job that runs again finds the one that there is.
set -eu
branch=$1 title=$2
export GH_TOKEN="$CONFIG_REPOSITORY_TOKEN" GH_PROMPT_DISABLED=1
git push --quiet --force origin "HEAD:refs/heads/$branch"
if [ "$(gh pr list --head "$branch" --state open --json number --jq length)" = 0 ]; then
  gh pr create --head "$branch" --title "$title" --body "The pipeline of commit $CI_COMMIT_SHA has pushed this image." >/dev/null
fi
