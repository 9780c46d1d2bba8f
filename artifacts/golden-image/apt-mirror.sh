#!/bin/sh
# Prints the Debian archive that this machine itself installs from, ending in "/".
# grunnmur writes no mirror's name down: who has a near or private mirror has already told apt.
#
# usage: apt-mirror.sh LABEL     "Debian" is the main archive, "Debian-Security" its updates
# prints nothing where apt knows none with that label
set -eu

label=$1
if [ "$label" = Debian ] && [ -n "${GRUNNMUR_DEBIAN_MIRROR:-}" ]; then
  printf '%s\n' "$GRUNNMUR_DEBIAN_MIRROR"
  exit 0
fi
# shellcheck disable=SC2016 # apt expands it
apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' "Label: $label" 'Created-By: Packages' | head -n 1
