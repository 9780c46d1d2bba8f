#!/bin/bash
# Prints what a hypervisor has to give, a line each: `kvm yes|no`, `free-memory MIB`, `pool NAME AVAILABLE CAPACITY` in bytes of the
# pools that are active. Changes nothing. Runs after virsh.sh. Environment: URI, HOST_KEY.
set -euo pipefail

: "${scratch:?is made by virsh.sh}"
pools=$(v pool-list --name)
if v domcapabilities --virttype kvm >/dev/null 2>"$scratch/kvm"; then echo "kvm yes"; else echo "kvm no"; fi
v nodememstats | awk -F'[ :]+' '$1 == "free" || $1 == "cached" || $1 == "buffers" { sum += $2 } END { print "free-memory", int(sum / 1024) }'
for pool in $pools; do
  v pool-info --bytes "$pool" | awk -v pool="$pool" -F': *' '
    $1 == "Available" { available = $2 } $1 == "Capacity" { capacity = $2 }
    END { print "pool", pool, available, capacity }'
done
