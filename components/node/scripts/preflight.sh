#!/bin/bash
# Measures a node before it is trusted, and prints the figures as JSON.
# Standard input: lines of NAME=NUMBER for fsync_limit_ms, steal_limit_percent, declared_memory_mib, declared_cores,
# fsync_writes (how many), settle (1: wait for the end of the boot first), grow (1: let the filesystem fill the disk) and
# declared_data_disk_gib (absent: the machine has no data disk).
# Disk and steal are measured once a machine, since etcd's disk is not to be loaded later: what passed is noted, and other
# limits judge the note. Memory and cores are looked at each time.
# What falls short stops the run with the figure, the limit and the remedy.
set -euo pipefail

fsync_limit_ms=10 steal_limit_percent=5 declared_memory_mib=0 declared_cores=0 fsync_writes=4000 settle=1 grow=0
declared_data_disk_gib=0
while IFS='=' read -r name value; do declare "$name=$((value))"; done
disk=${DISK:-/var/lib/grunnmur} # another in tests
note=$disk/preflight

steal() { awk '/^cpu /{t=0; for(i=2;i<=NF;i++)t+=$i; print $9, t}' /proc/stat; }
measure() {
  # Only a boot that is through gives true figures: first boot grows the disk meanwhile.
  # A unit that never comes up shall not hold the measurement back; what is measured beside it is judged all the same.
  if [ "$settle" = 1 ]; then
    settled=0
    timeout 300 systemctl is-system-running --wait >/dev/null 2>&1 || settled=$?
    if [ "$settled" = 124 ]; then echo "the boot has not ended within 300 s: see 'systemctl list-jobs'" >&2; fi
  fi
  mkdir -p "$disk"
  file=$(mktemp -p "$disk")
  trap 'rm -f "$file" "$file.json"' EXIT
  read -r steal_before total_before <<<"$(steal)"
  # The way etcd writes: small sequential appends, each followed by fdatasync.
  fio --name=etcd --filename="$file" --rw=write --ioengine=sync --fdatasync=1 --bs=2300 --size=$((fsync_writes * 2300)) \
    --output-format=json >"$file.json" 2>/dev/null
  read -r steal_after total_after <<<"$(steal)"
  fsync_ms=$(jq '.jobs[0].sync.lat_ns.percentile["99.000000"] / 1e6 * 100 | round / 100' "$file.json")
  write_iops=$(jq '.jobs[0].write.iops | round' "$file.json")
  rm -f "$file.json"
  steal_percent=$(((steal_after - steal_before) * 100 / (total_after - total_before + 1)))
}
remedy=''
if [ -s "$note" ]; then
  read -r fsync_ms write_iops steal_percent <"$note"
  remedy=" (measured when the machine was made; delete $note on the node to have it measured again)"
  # A larger disk: the unit of the first boot does it again.
  if [ "$grow" = 1 ]; then systemctl start grunnmur-grow.service; fi
else
  measure
fi
# Nothing is given to a node whose data would not lie where it stays. The units were begun with the boot, and are waited for.
data_disk_gib='' data_fault=''
use_data_disk() {
  local said units=(grunnmur-data.service grunnmur-data-registry.service)
  if ! said=$(systemctl start "${units[@]}" 2>&1); then
    case $said in
      *"not found"*) data_fault="this machine's image knows no data disks: ./grunnmur replace makes it from the newest, and says what is lost" ;;
      *)
        data_fault=$(journalctl --quiet --output cat --lines 1 "${units[@]/#/--unit=}" _TRANSPORT=stdout 2>/dev/null || true)
        data_fault=${data_fault#data disk: }
        ;;
    esac
    data_fault=${data_fault:-$said}
  elif ! mountpoint -q "$disk/data"; then
    data_fault="the machine sees none, $declared_data_disk_gib GiB are declared: power it off, and run up, which starts it with its disks"
  else
    systemctl reload grunnmur-data.service # it may have grown
    data_disk_gib=$(($(lsblk --nodeps --noheadings --bytes --output SIZE "$(findmnt --noheadings --output SOURCE "$disk/data")") >> 30))
  fi
}
if [ "$declared_data_disk_gib" -gt 0 ]; then use_data_disk; fi
memory_mib=$(awk '/^MemTotal/{print int($2/1024)}' /proc/meminfo)
cores=$(nproc)

printf '{"fsyncP99Milliseconds":%s,"writeIops":%s,"stealPercent":%s,"memoryMiB":%s,"cores":%s%s}\n' \
  "$fsync_ms" "$write_iops" "$steal_percent" "$memory_mib" "$cores" "${data_disk_gib:+,\"dataDiskGiB\":$data_disk_gib}"

failed=0
fail() {
  echo "$1" >&2
  failed=1
}
if jq -en "$fsync_ms > $fsync_limit_ms" >/dev/null; then
  fail "fsync latency: $fsync_ms ms at the 99th percentile, the limit is $fsync_limit_ms ms: give the node NVMe storage of its own (etcd loses its leader on slower disks)$remedy"
fi
if [ "$steal_percent" -gt "$steal_limit_percent" ]; then
  fail "CPU steal: $steal_percent %, the limit is $steal_limit_percent %: move the node to a hypervisor whose cores are not overcommitted$remedy"
fi
if [ "$failed" = 0 ]; then
  echo "$fsync_ms $write_iops $steal_percent" >"$note.new"
  mv "$note.new" "$note"
fi
if [ -n "$data_fault" ]; then fail "data disk: $data_fault"; fi
# The kernel keeps some memory to itself, so a tenth is allowed for.
if [ "$memory_mib" -lt $((declared_memory_mib * 9 / 10)) ]; then
  fail "memory: $memory_mib MiB found, $declared_memory_mib MiB declared: correct memoryMiB or enlarge the machine"
fi
if [ "$cores" -lt "$declared_cores" ]; then
  fail "cores: $cores found, $declared_cores declared: correct cores or enlarge the machine"
fi
exit "$failed"
