#!/bin/bash
# Removes one guest's data disk, with all that is on it. Runs after virsh.sh and owner.sh.
# Environment: URI, HOST_KEY, NAME, POOL, OWNER. Idempotent: the owner's mark goes last.
set -euo pipefail

require_hypervisor
if ! listed "$POOL" pool-list --name; then exit 0; fi # interrupted before there was a pool
# shellcheck disable=SC2034 # owner.sh reads it
disk=$NAME.data
lock
if ! own_disk; then exit 0; fi
if runs_with "$disk.qcow2"; then
  echo "the guest $NAME on $URI runs with its data disk, which is left as it is: to begin with an empty one, remove the node and add another" >&2
  exit 1
fi
for volume in "$disk.qcow2" "$disk.owner.$OWNER"; do
  if has_volume "$volume"; then v vol-delete --pool "$POOL" "$volume" >/dev/null; fi
done
