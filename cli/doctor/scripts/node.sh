#!/bin/sh
# Prints how a node is, a line each: `clock SECONDS` since 1970, `synchronized yes|no` where chrony runs, `memory MIB` available, `disk PATH PERCENT`
# and `inodes PATH PERCENT` free of the filesystems that fill, `failed UNIT`, `ended CONTAINER STARTS TEXT` of what runs the cluster and ended
# itself within the last hour, with what it said, `refused COUNT SRC=… DST=… DPT=…` of what was refused on
# its way out of the site in the last hour, as far as the log goes, with the last one. Changes nothing.
set -u

chronyc -c tracking 2>/dev/null | awk -F, '{ print "synchronized", $NF ~ /^Not/ ? "no" : "yes" }'
awk '/^MemAvailable/ { print "memory", int($2 / 1024) }' /proc/meminfo
for path in / /var/lib/grunnmur/data; do
  if [ "$path" = / ] || mountpoint -q "$path"; then
    df -P "$path" | awk -v path="$path" 'NR == 2 { printf "disk %s %d\n", path, $4 * 100 / ($3 + $4) }'
    df -P -i "$path" | awk -v path="$path" 'NR == 2 && $2 > 0 { printf "inodes %s %d\n", path, $4 * 100 / $2 }'
  fi
done
systemctl list-units --state failed --plain --no-legend | awk '{ print "failed", $1 }'
# By its log, since the API server, which counts starts, may be what ended.
find "${LOGS:-/var/log/pods}" -path '*/kube-system_*/*.log' -mmin -60 2>/dev/null | sort -V | while read -r log; do
  said=$(grep -E '^[^ ]+ [a-z]+ [FP] (F[0-9]{4} |panic: |fatal error: |\{"level":"(fatal|panic)")' "$log" | tail -n 1 | cut -d ' ' -f 4- | cut -c -300 | tr -cd '[:print:]')
  if [ -n "$said" ]; then echo "ended $(basename "${log%/*}") $(($(basename "$log" .log) + 1)) $said"; fi
done
journalctl -k -q --since -1h -o cat -g 'grunnmur-egress refused' 2>/dev/null | awk '
  { count++; last = $0 }
  END {
    if (count == 0) exit
    line = ""
    parts = split(last, part, " ")
    for (i = 1; i <= parts; i++) if (part[i] ~ /^(SRC|DST|DPT)=/) line = line " " part[i]
    print "refused", count line
  }'
# Last, so that whoever asked knows best when it was.
echo "clock $(date +%s.%N)"
