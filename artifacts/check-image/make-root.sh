#!/bin/bash
# Unpacks Debian packages, and what they need, into a tarball. Nothing is set up and no script of theirs runs: what the image of
# the check takes out of it are files.
#
# usage: make-root.sh SUITE PACKAGES OUTPUT.tar       PACKAGES is comma-separated
# needs root, as mmdebstrap does
set -euo pipefail

suite=$1
packages=$2
output=$3
mirrors=$(dirname "$(readlink -f "$0")")/../golden-image/apt-mirror.sh

mirror=$("$mirrors" Debian)
security=$("$mirrors" Debian-Security)
if [ -z "$mirror" ]; then
  echo "apt on this machine knows no Debian archive: run 'apt-get update', or name one in GRUNNMUR_DEBIAN_MIRROR" >&2
  exit 1
fi

sources() {
  echo "deb $mirror $suite main"
  echo "deb $mirror $suite-updates main"
  if [ -n "$security" ]; then
    echo "deb $security $suite-security main"
  fi
}

sources | mmdebstrap \
  --mode=root \
  --variant=extract \
  --format=tar \
  --include="$packages" \
  --aptopt='Acquire::Languages "none"' \
  "$suite" "$output" -
