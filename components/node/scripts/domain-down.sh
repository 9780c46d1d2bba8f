#!/bin/bash
# Stops and removes one KVM guest; its disks stay. Runs after virsh.sh and owner.sh.
# Environment: URI, HOST_KEY, NAME, POOL, OWNER, PATIENCE (seconds for its start). Idempotent.
# A guest with a data disk, which may be another's next, is asked to shut down, and so writes what it has not written yet.
# It may be dead: it is not waited for as long as one that is needed again.
set -euo pipefail

require_hypervisor
if ! has_guest; then exit 0; fi
found=$(guest_owner)
if [ "$found" != "$OWNER" ]; then refuse guest "$found"; fi
if runs_with "$NAME.data.qcow2"; then
  v shutdown "$NAME" >/dev/null || true
  until_off $((PATIENCE / 10)) || echo "$NAME did not shut down within $((PATIENCE / 10)) s, and was switched off" >&2
fi
if [ "$(state)" != "shut off" ]; then v destroy "$NAME" >/dev/null; fi
v undefine "$NAME" >/dev/null
