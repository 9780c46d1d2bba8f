#!/bin/bash
# Makes one KVM guest: golden image, seed disk, copy-on-write disk, domain. Runs after virsh.sh.
# Environment: URI, HOST_KEY, NAME, POOL, POOL_DIR (empty where the pool must exist already), DISK_GIB,
# IMAGE_DIR, IMAGE (prefix of the image's volumes; empty where the hypervisor reads IMAGE_DIR itself).
# Standard input: base64 tar with `domain.xml` (@KERNEL@ and @INITRD@ stand for the image's files) and `seed.b64`
# (the tar that becomes the seed disk).
# Idempotent: a disk that exists is kept, a domain that exists is redefined and started. Of a guest that was interrupted in
# the making, what may be half written is made again: an upload has no end that can be seen, so something made after it
# says that it is whole.
set -euo pipefail

: "${scratch:?is made by virsh.sh}"
base64 -d | tar -xC "$scratch"
base64 -d "$scratch/seed.b64" >"$scratch/seed.raw"

if ! reason=$(v uri 2>&1); then
  echo "cannot reach libvirt at $URI: $reason" >&2
  exit 1
fi
upload() { # VOLUME FILE
  if has_volume "$1"; then v vol-delete --pool "$POOL" "$1" >/dev/null; fi
  v vol-create-as "$POOL" "$1" "$(stat -Lc %s "$2")" --format raw >/dev/null
  v vol-upload --pool "$POOL" --sparse "$1" "$2"
}

# Guests of one hypervisor come up side by side; the pool and the golden image are made by one of them.
exec 9>"/run/lock/grunnmur-$(printf %s "$URI" | cksum | cut -d' ' -f1).lock"
if ! flock -w 3600 9; then
  echo "another run has been busy with $URI for an hour: end it, or wait for it" >&2
  exit 1
fi
if ! listed "$POOL" pool-list --all --name; then
  if [ -z "$POOL_DIR" ]; then
    echo "$URI has no storage pool '$POOL': make it there, or name another with storagePool" >&2
    exit 1
  fi
  v pool-define-as "$POOL" dir --target "$POOL_DIR" >/dev/null
fi
if ! listed "$POOL" pool-list --name; then
  if [ -n "$POOL_DIR" ]; then v pool-build "$POOL" >/dev/null; fi
  v pool-start "$POOL" >/dev/null
fi
v pool-autostart "$POOL" >/dev/null
if [ -n "$IMAGE" ]; then
  for part in disk.raw vmlinuz initrd.img; do
    has_volume "$IMAGE.$part.complete" && continue
    echo "uploading $part"
    upload "$IMAGE.$part" "$IMAGE_DIR/$part"
    v vol-create-as "$POOL" "$IMAGE.$part.complete" 1 --format raw >/dev/null
  done
  image_path() { v vol-path --pool "$POOL" "$IMAGE.$1"; }
else
  image_path() { echo "$IMAGE_DIR/$1"; }
fi
flock -u 9

if ! has_volume "$NAME.qcow2"; then
  upload "$NAME.seed" "$scratch/seed.raw"
  v vol-create "$POOL" /dev/stdin >/dev/null <<XML
<volume>
  <name>$NAME.qcow2</name>
  <capacity unit='GiB'>$DISK_GIB</capacity>
  <target><format type='qcow2'/></target>
  <backingStore><path>$(image_path disk.raw)</path><format type='raw'/></backingStore>
</volume>
XML
  echo "disk of $DISK_GIB GiB made over the golden image"
fi
# A guest keeps the kernel that its disk has the modules of, whatever the image is by now.
if has_guest; then
  v dumpxml "$NAME" >"$scratch/current.xml"
  kernel=$(sed -n 's|.*<kernel>\(.*\)</kernel>.*|\1|p' "$scratch/current.xml")
  initrd=$(sed -n 's|.*<initrd>\(.*\)</initrd>.*|\1|p' "$scratch/current.xml")
else
  kernel=$(image_path vmlinuz)
  initrd=$(image_path initrd.img)
fi
sed -i -e "s|@KERNEL@|$kernel|" -e "s|@INITRD@|$initrd|" "$scratch/domain.xml"
v define "$scratch/domain.xml" >/dev/null
v autostart "$NAME" >/dev/null
if [ "$(v domstate "$NAME")" != running ]; then
  v start "$NAME" >/dev/null
  echo "guest $NAME started"
fi
