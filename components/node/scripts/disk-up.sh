#!/bin/bash
# Makes one guest's disks: a copy-on-write disk over the golden image, and a seed disk. Runs after virsh.sh, owner.sh and
# grow.sh.
# Environment: URI, HOST_KEY, NAME, POOL, POOL_DIR (empty where the pool must exist already), DISK_GIB, OWNER, STACK,
# IMAGE_DIR, IMAGE (prefix of the image's volumes; empty where the hypervisor reads IMAGE_DIR itself).
# Standard input: base64 of the tar that becomes the seed disk.
# Idempotent: a disk that exists is kept, and grown where DISK_GIB is more. What may be half written is made again: an
# upload has no end that can be seen, so something made after it says that it is whole.
set -euo pipefail

: "${scratch:?is made by virsh.sh}"
base64 -d >"$scratch/seed.raw"
if ! reason=$(v uri 2>&1); then
  echo "cannot reach libvirt at $URI: $reason" >&2
  exit 1
fi
upload() { # VOLUME FILE
  if has_volume "$1"; then v vol-delete --pool "$POOL" "$1" >/dev/null; fi
  v vol-create-as "$POOL" "$1" "$(stat -Lc %s "$2")" --format raw >/dev/null
  v vol-upload --pool "$POOL" --sparse "$1" "$2"
}

lock
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

# shellcheck disable=SC2034 # virsh.sh reads it
undo=take_back
if ! own_disk; then
  # A guest of this name may have its disk in another pool.
  if has_guest; then
    found=$(guest_owner)
    if [ "$found" != "$OWNER" ]; then refuse guest "$found"; fi
  fi
  mark_disk
fi
if has_volume "$NAME.qcow2"; then
  # Which image is said by the name of its volume, or of the folder in the store.
  made=$(v vol-dumpxml --pool "$POOL" "$NAME.qcow2" | backing)
  case "$made" in
    '' | */"${IMAGE:-none}".*.disk.raw | */"${IMAGE_DIR##*/}/disk.raw") ;;
    *)
      echo "the disk of $NAME was made from another image, $made: './grunnmur replace' makes its machine anew" >&2
      exit 1
      ;;
  esac
  grow "$NAME.qcow2" vda "$DISK_GIB" diskGiB
  exit 0
fi

if [ -n "$IMAGE" ]; then
  for part in disk.raw vmlinuz initrd.img; do
    has_volume "$IMAGE.$OWNER.$part.complete" && continue
    echo "uploading $part"
    upload "$IMAGE.$OWNER.$part" "$IMAGE_DIR/$part"
    v vol-create-as "$POOL" "$IMAGE.$OWNER.$part.complete" 1 --format raw >/dev/null
  done
  golden=$(v vol-path --pool "$POOL" "$IMAGE.$OWNER.disk.raw")
else
  golden=$IMAGE_DIR/disk.raw
fi
upload "$NAME.seed" "$scratch/seed.raw"
v vol-create "$POOL" /dev/stdin >/dev/null <<XML
<volume>
  <name>$NAME.qcow2</name>
  <capacity unit='GiB'>$DISK_GIB</capacity>
  <target><format type='qcow2'/></target>
  <backingStore><path>$golden</path><format type='raw'/></backingStore>
</volume>
XML
echo "disk of $DISK_GIB GiB made over the golden image"
sweep_images
