#!/bin/bash
# Defines one KVM guest over its disks and starts it. Runs after virsh.sh and owner.sh.
# Environment: URI, HOST_KEY, NAME, POOL, OWNER, REACH (where its SSH answers; empty: nobody waits for it after a restart),
# PATIENCE (seconds for its shutdown and for its start). Standard input: its XML; @KERNEL@ and @INITRD@ stand for the files
# that belong to its disk.
# Idempotent. A guest that runs with other memory, cores, bridge or disks is shut down and started again.
set -euo pipefail

: "${scratch:?is made by virsh.sh}"
cat >"$scratch/domain.xml"
if ! reason=$(v uri 2>&1); then
  echo "cannot reach libvirt at $URI: $reason" >&2
  exit 1
fi
if ! own_disk; then
  echo "the disk of $NAME is missing from pool $POOL on $URI: remove the node and add it again, or bring the disk back" >&2
  exit 1
fi

if grep -qF "volume='$NAME.data.qcow2'" "$scratch/domain.xml"; then
  disk=$NAME.data # for owner.sh
  if ! own_disk || ! has_volume "$disk.qcow2"; then
    echo "the data disk of $NAME is missing from pool $POOL on $URI: bring $disk.qcow2 back, or remove the node and add it again" >&2
    exit 1
  fi
fi

# Kernel and initrd are those of the image under the disk, which has their modules, whatever image is the newest by now.
golden=$(v vol-dumpxml --pool "$POOL" "$NAME.qcow2" | backing)
text=$(cat "$scratch/domain.xml")
text=${text//@KERNEL@/"${golden%disk.raw}vmlinuz"}
# An emulated CPU counts time by this machine's own counter, and a guest finds its rate by an emulated timer as it boots. One that did
# while the machine stood still was 74 times off, and every limit in it was over at once. Linux shows the rate twice as bogomips.
if [ -z "${HOST_KEY:-}" ] && grep -qw constant_tsc /proc/cpuinfo; then
  khz=$(awk -F: '/^bogomips/ { printf "%.0f", $2 * 500; exit }' /proc/cpuinfo)
  text=${text//tsc=reliable/"tsc=reliable tsc_early_khz=$khz"}
fi
printf '%s\n' "${text//@INITRD@/"${golden%disk.raw}initrd.img"}" >"$scratch/domain.xml"

size() { # prints what cannot change while a guest runs
  sed -n -e "s|.*<memory unit='KiB'>\([0-9]*\)<.*|memory \1|p" -e "s|.*<memory unit='MiB'>\([0-9]*\)<.*|\1|p" \
    -e "s|.*<vcpu[^>]*>\([0-9]*\)<.*|cores \1|p" -e "s|.*<source bridge='\([^']*\)'.*|bridge \1|p" \
    -e "s|.*<target dev='\([^']*\)' bus='virtio'.*|disk \1|p" |
    awk 'NF == 1 { print "memory " $1 * 1024; next } { print }'
}
answers() { timeout $((PATIENCE / 60 + 10)) bash -c "exec 3<>/dev/tcp/$REACH/22 && read -r banner <&3 && [[ \$banner == SSH-* ]]" 2>/dev/null; }

v define "$scratch/domain.xml" >/dev/null
v autostart "$NAME" >/dev/null
if [ "$(state)" = running ]; then
  running=$(v dumpxml "$NAME" | size)
  wanted=$(size <"$scratch/domain.xml")
  if [ "$running" = "$wanted" ]; then exit 0; fi
  echo "restarting $NAME: it runs with" "${running//$'\n'/, }"
  v shutdown "$NAME" >/dev/null
  if ! until_off "$PATIENCE"; then
    echo "$NAME did not shut down within $PATIENCE s and runs on as it was: see what holds it back, and run this again" >&2
    exit 1
  fi
  v start "$NAME" >/dev/null
  deadline=$((SECONDS + PATIENCE))
  until [ -z "$REACH" ] || answers; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      echo "$NAME was started again and does not answer at $REACH within $PATIENCE s: see its console log; no other guest was restarted" >&2
      exit 1
    fi
    sleep 1
  done
  echo "guest $NAME started again with" "${wanted//$'\n'/, }"
  exit 0
fi
v start "$NAME" >/dev/null
echo "guest $NAME started"
