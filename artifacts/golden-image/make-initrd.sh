#!/bin/bash
# Makes the smallest initial filesystem that finds the root disk: a static busybox, one driver and ten lines of shell.
# Debian's cloud kernel has everything else for it built in, and the usual initrd starts a device manager twice, which
# took an emulated guest half a minute.
#
# usage: make-initrd.sh ROOT OUTPUT
set -euo pipefail

root=$1
output=$(readlink -f "$2")
here=$(dirname "$(readlink -f "$0")")
version=$(ls "$root/usr/lib/modules")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

mkdir -p "$scratch"/{bin,dev,proc,sys,root}
cp "$root/usr/bin/busybox" "$scratch/bin/busybox"
ln -s busybox "$scratch/bin/sh"
install -m 0755 "$here/initrd-init.sh" "$scratch/init"
cp "$root/usr/lib/modules/$version/kernel/drivers/block/virtio_blk.ko" "$scratch/virtio_blk.ko"

cd "$scratch"
find . -exec touch -h -d @0 {} +
find . | LC_ALL=C sort | cpio --quiet --create --format=newc --owner=0:0 --reproducible >"$output"
