#!/bin/sh
# Prints a node's packages, and the digest of each program that was put beside them.
set -u

# The names are dpkg-query's.
# shellcheck disable=SC2016
dpkg-query -W -f='package\t${Package}\t${Version}\t${Architecture}\n'
for file in /usr/local/bin/*; do
  if [ -f "$file" ]; then
    printf 'program\t%s\t%s\n' "${file##*/}" "$(sha256sum <"$file" | cut -d ' ' -f 1)"
  fi
done
