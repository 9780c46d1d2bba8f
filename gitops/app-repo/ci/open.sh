#!/bin/sh
# Pushes what was committed, and asks GitLab for a merge request with it. A job that runs again finds the one that there is.
set -eu
branch=$1 title=$2
git push --quiet --force --push-option=merge_request.create --push-option="merge_request.title=$title" origin "HEAD:refs/heads/$branch"
