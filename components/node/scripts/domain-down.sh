#!/bin/bash
# Stops and removes one KVM guest; its disks stay. Runs after virsh.sh and owner.sh.
# Environment: URI, HOST_KEY, NAME, POOL, OWNER. Idempotent.
set -euo pipefail

require_hypervisor
if ! has_guest; then exit 0; fi
found=$(guest_owner)
if [ "$found" != "$OWNER" ]; then refuse guest "$found"; fi
if [ "$(v domstate "$NAME")" != "shut off" ]; then v destroy "$NAME" >/dev/null; fi
v undefine "$NAME" >/dev/null
