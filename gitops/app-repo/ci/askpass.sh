#!/bin/sh
# Git asks here for the user name and the password, so that the token is on no command line and in no address.
set -eu
case "$1" in
  Username*) echo token ;;
  *) printenv CONFIG_REPOSITORY_TOKEN ;;
esac
