#!/bin/bash
# Makes the plain Debian root filesystem that the golden image grows from, as a tarball.
# It holds packages only, so that a changed script or binary does not download Debian again.
#
# usage: make-base.sh SUITE PACKAGES OUTPUT.tar       PACKAGES is comma-separated
# needs root: ownership inside the tarball must be real
set -euo pipefail

suite=$1
packages=$2
output=$3
here=$(dirname "$(readlink -f "$0")")

mirror=$("$here/apt-mirror.sh" Debian)
security=$("$here/apt-mirror.sh" Debian-Security)
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

# Manuals and translations are not read on a node; copyright files stay.
# force-confold: the hooks write configuration before its package arrives, and nobody is there to answer dpkg.
sources | mmdebstrap \
  --mode=root \
  --variant=minbase \
  --format=tar \
  --include="$packages" \
  --aptopt='Acquire::Languages "none"' \
  --dpkgopt='force-confold' \
  --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/info/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --essential-hook="$here/base-before-packages.sh" \
  --customize-hook="$here/base-after-packages.sh" \
  "$suite" "$output" -
