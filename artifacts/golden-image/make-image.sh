#!/bin/bash
# Makes the disk, kernel and initrd that every node starts from.
#
# usage: make-image.sh BASE.tar BINARIES IMAGES PAUSE_IMAGE MIRROR CRANE OUTPUT
#   BINARIES  folder whose files go to /usr/local/bin
#   IMAGES    container images to be there before first boot, one tarball a line
#   MIRROR    list of the images that the registry holds, lines of TARBALL REFERENCE
#   OUTPUT    folder for disk.raw, vmlinuz and initrd.img
# needs root
set -euo pipefail

# Mounts that the steps make are seen by nobody else and vanish with this process, however it ends.
if [ -z "${GRUNNMUR_OWN_MOUNTS:-}" ]; then
  GRUNNMUR_OWN_MOUNTS=1 exec unshare --mount --propagation private "$0" "$@"
fi

base=$1
binaries=$2
images=$3
pause=$4
mirror=$5
crane=$6
output=$(readlink -f "$7")
here=$(dirname "$(readlink -f "$0")")
root=$output/root
trap 'rm -rf "$root"' EXIT

echo "unpacking Debian" >&2
mkdir "$root"
tar -xpf "$base" -C "$root" --numeric-owner --exclude='./dev/*'

echo "adding binaries and settings" >&2
install -m 0755 -t "$root/usr/local/bin" "$binaries"/*
"$here/configure-root.sh" "$root" "$pause"

mapfile -t preloaded <<<"$images"
"$here/import-images.sh" "$root" "${preloaded[@]}"
echo "filling the registry's mirror" >&2
"$here/fill-mirror.sh" "$root" "$mirror" "$crane"

echo "making the initrd" >&2
cp "$root"/boot/vmlinuz-* "$output/vmlinuz"
"$here/make-initrd.sh" "$root" "$output/initrd.img"

# Direct kernel boot reads both from beside the disk. The kernel's configuration stays: kubeadm's preflight reads it.
rm -rf "$root"/boot/vmlinuz* "$root"/boot/initrd.img* "$root"/boot/System.map* "$root"/vmlinuz* "$root"/initrd.img*

echo "writing the disk" >&2
used=$(du --summarize --block-size=1M "$root" | cut -f1)
size=$((used * 5 / 4 + 512))
truncate --size "${size}M" "$output/disk.raw"
# The file is all holes, hence zero already. Fixed ids and times make two runs comparable.
E2FSPROGS_FAKE_TIME=1 mkfs.ext4 -q -F -L root -U 67727578-6e6d-7572-8000-000000000001 \
  -E hash_seed=67727578-6e6d-7572-8000-000000000002,assume_storage_prezeroed=1,lazy_itable_init=1 \
  -J size=64 -m 1 -d "$root" "$output/disk.raw"
