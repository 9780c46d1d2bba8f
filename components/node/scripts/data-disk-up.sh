#!/bin/bash
# Makes one guest's data disk, empty: the guest gives it a filesystem. Runs after virsh.sh, owner.sh and grow.sh, once the guest
# has its own disk.
# Environment: URI, HOST_KEY, NAME, POOL, DISK_GIB, OWNER, STACK. Idempotent: a disk that exists is kept with what is on it, and
# grown where DISK_GIB is more.
set -euo pipefail

if ! reason=$(v uri 2>&1); then
  echo "cannot reach libvirt at $URI: $reason" >&2
  exit 1
fi
# shellcheck disable=SC2034 # owner.sh reads it
disk=$NAME.data
lock
# shellcheck disable=SC2034 # virsh.sh reads it
undo=take_back
if ! own_disk; then mark_disk; fi
if has_volume "$disk.qcow2"; then
  grow "$disk.qcow2" vdc "$DISK_GIB" dataDiskGiB
  exit 0
fi
v vol-create "$POOL" /dev/stdin >/dev/null <<XML
<volume>
  <name>$disk.qcow2</name>
  <capacity unit='GiB'>$DISK_GIB</capacity>
  <target><format type='qcow2'/></target>
</volume>
XML
echo "data disk of $DISK_GIB GiB made"
