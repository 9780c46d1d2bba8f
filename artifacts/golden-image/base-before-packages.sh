#!/bin/sh
# mmdebstrap calls this with the new root before the packages are installed.
set -eu
root=$1

# The initrd is our own (make-initrd.sh); the package's generator would only spend time.
mkdir -p "$root/etc/initramfs-tools"
echo 'update_initramfs=no' >"$root/etc/initramfs-tools/update-initramfs.conf"
