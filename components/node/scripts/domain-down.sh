#!/bin/bash
# Removes one KVM guest with its disks. Environment: URI, NAME, POOL. Idempotent.
set -euo pipefail

v() { virsh -q -c "$URI" "$@"; }

if ! v uri >/dev/null 2>&1; then
  case "$URI" in
    *socket=*) echo "the local libvirtd is gone, and its guests with it"; exit 0 ;;
    *) echo "cannot reach $URI to remove $NAME: bring the hypervisor up, or remove the guest from the state" >&2; exit 1 ;;
  esac
fi
if v dominfo "$NAME" >/dev/null 2>&1; then
  if [ "$(v domstate "$NAME")" != "shut off" ]; then v destroy "$NAME" >/dev/null; fi
  v undefine "$NAME" >/dev/null
fi
for volume in "$NAME.qcow2" "$NAME.seed"; do
  if v vol-info --pool "$POOL" "$volume" >/dev/null 2>&1; then v vol-delete --pool "$POOL" "$volume" >/dev/null; fi
done
