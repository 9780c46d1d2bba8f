#!/bin/bash
# Removes one guest's disks, and our golden images that no disk needs any more. Runs after virsh.sh and owner.sh.
# Environment: URI, HOST_KEY, NAME, POOL, OWNER. Idempotent: the owner's mark goes last.
set -euo pipefail

require_hypervisor
if ! listed "$POOL" pool-list --name; then exit 0; fi # interrupted before there was a pool
lock
if own_disk; then
  for volume in "$NAME.qcow2" "$NAME.seed" "$NAME.owner.$OWNER"; do
    if has_volume "$volume"; then v vol-delete --pool "$POOL" "$volume" >/dev/null; fi
  done
fi
sweep_images
