#!/bin/bash
# Makes the smallest initial filesystem that brings a node up: a static busybox, a few drivers and initrd-init.sh.
# The usual initrd starts a device manager of its own, which took an emulated guest half a minute.
#
# usage: make-initrd.sh ROOT OUTPUT
# needs root
set -euo pipefail

root=$1
output=$(readlink -f "$2")
here=$(dirname "$(readlink -f "$0")")
version=$(ls "$root/usr/lib/modules")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Disk, network, power button, and what containers need: a node's hardware is known, so nothing has to look for it.
modules="virtio_blk virtio_net button evdev overlay br_netfilter"

mkdir -p "$scratch"/{bin,dev,modules,proc,root}
cp "$root/usr/bin/busybox" "$scratch/bin/busybox"
ln -s busybox "$scratch/bin/sh"
install -m 0755 "$here/initrd-init.sh" "$scratch/init"

for module in $modules; do
  # Lines are "insmod PATH", what it depends on first.
  chroot "$root" modprobe --set-version "$version" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r path; do
  cp "$root$path" "$scratch/modules/"
  basename "$path" >>"$scratch/modules/list"
done

cd "$scratch"
find . -exec touch -h -d @0 {} +
find . | LC_ALL=C sort | bin/busybox cpio -o -H newc --renumber-inodes --ignore-devno >"$output"
