#!/bin/bash
# Makes one KVM guest: golden image, copy-on-write disk, seed disk, domain.
# Environment: URI, NAME, POOL, POOL_DIR (empty where the pool must exist already), DISK_GIB,
# IMAGE_DIR, IMAGE (prefix of the image's volumes; empty where the hypervisor reads IMAGE_DIR itself).
# Standard input: base64 tar with `domain.xml` (@KERNEL@ and @INITRD@ stand for the image's files) and `seed.b64`
# (the tar that becomes the seed disk).
# Idempotent: a disk that exists is kept, a domain that exists is redefined and started.
set -euo pipefail

payload=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$payload"' EXIT
base64 -d | tar -xC "$payload"
base64 -d "$payload/seed.b64" >"$payload/seed.raw"

v() { virsh -q -c "$URI" "$@"; }
has_volume() { v vol-info --pool "$POOL" "$1" >/dev/null 2>&1; }
upload() { # VOLUME FILE
  v vol-create-as "$POOL" "$1" "$(stat -Lc %s "$2")" --format raw >/dev/null
  v vol-upload --pool "$POOL" --sparse "$1" "$2"
}

# Guests of one hypervisor come up side by side; the pool and the golden image are made by one of them.
exec 9>"/run/lock/grunnmur-$(printf %s "$URI" | cksum | cut -d' ' -f1).lock"
flock 9
if ! v pool-info "$POOL" >/dev/null 2>&1; then
  if [ -z "$POOL_DIR" ]; then
    echo "$URI has no storage pool '$POOL': make it there, or name another with storagePool" >&2
    exit 1
  fi
  v pool-define-as "$POOL" dir --target "$POOL_DIR" >/dev/null
  v pool-build "$POOL" >/dev/null
fi
if [ "$(v pool-info "$POOL" | awk '/^State/ {print $2}')" != running ]; then v pool-start "$POOL" >/dev/null; fi
v pool-autostart "$POOL" >/dev/null
if [ -n "$IMAGE" ]; then
  for part in disk.raw vmlinuz initrd.img; do
    # An upload that broke off leaves no `.complete` volume, and is made again.
    has_volume "$IMAGE.$part.complete" && continue
    if has_volume "$IMAGE.$part"; then v vol-delete --pool "$POOL" "$IMAGE.$part" >/dev/null; fi
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
  if ! has_volume "$NAME.seed"; then upload "$NAME.seed" "$payload/seed.raw"; fi
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
if v dominfo "$NAME" >/dev/null 2>&1; then
  v dumpxml "$NAME" >"$payload/current.xml"
  kernel=$(sed -n 's|.*<kernel>\(.*\)</kernel>.*|\1|p' "$payload/current.xml")
  initrd=$(sed -n 's|.*<initrd>\(.*\)</initrd>.*|\1|p' "$payload/current.xml")
else
  kernel=$(image_path vmlinuz)
  initrd=$(image_path initrd.img)
fi
sed -i -e "s|@KERNEL@|$kernel|" -e "s|@INITRD@|$initrd|" "$payload/domain.xml"
v define "$payload/domain.xml" >/dev/null
v autostart "$NAME" >/dev/null
if [ "$(v domstate "$NAME")" != running ]; then
  v start "$NAME" >/dev/null
  echo "guest $NAME started"
fi
