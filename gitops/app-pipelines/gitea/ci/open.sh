#!/bin/sh
# Pushes what was committed as a pull request, which Gitea and Forgejo open by themselves. A job that runs again finds the one that
# there is.
set -eu
branch=$1 title=$2
into=$(git symbolic-ref --short refs/remotes/origin/HEAD)
git push --quiet -o "topic=$branch" -o "title=$title" -o force-push=true origin "HEAD:refs/for/${into#origin/}"
