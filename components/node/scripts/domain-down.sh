#!/bin/bash
# Removes one KVM guest with its disks. Runs after virsh.sh. Environment: URI, HOST_KEY, NAME, POOL. Idempotent.
set -euo pipefail

if ! reason=$(v uri 2>&1); then
  case "$URI" in
    *socket=*) echo "the local libvirtd is gone, and its guests with it"; exit 0 ;;
    *) echo "cannot reach libvirt at $URI to remove $NAME: $reason: bring the hypervisor up, or remove the guest from the state" >&2; exit 1 ;;
  esac
fi
if has_guest; then
  if [ "$(v domstate "$NAME")" != "shut off" ]; then v destroy "$NAME" >/dev/null; fi
  v undefine "$NAME" >/dev/null
fi
if ! listed "$POOL" pool-list --name; then exit 0; fi # interrupted before there was a pool
for volume in "$NAME.qcow2" "$NAME.seed"; do
  if has_volume "$volume"; then v vol-delete --pool "$POOL" "$volume" >/dev/null; fi
done
