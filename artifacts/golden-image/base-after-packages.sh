#!/bin/sh
# mmdebstrap calls this with the new root after the packages are installed.
set -eu
root=$1

# Host keys are made by the program, one set per node, never shared through an image.
rm -f "$root"/etc/ssh/ssh_host_*
rm -f "$root"/boot/initrd.img*

# The list of sources names this machine's mirror, which means nothing to another machine.
rm -f "$root/etc/apt/sources.list" "$root"/etc/apt/sources.list.d/*

# shellcheck disable=SC2016 # dpkg-query expands it
chroot "$root" dpkg-query -W -f '${Package} ${Version}\n' >"$root/etc/grunnmur-packages"
