#!/bin/sh
# The first program of a node: loads its drivers, mounts its disk, gives it its identity and hands over to systemd.
# It has nobody to report to but the console.
#
# The identity is the second disk: a tar archive, written raw, that is unpacked over the root once. Not cloud-init: that
# starts Python four times at every boot, which costs an emulated guest tens of seconds, and brings a network data
# source, a templating language and user handling, of which nothing is needed. And not a unit: done here, systemd sees
# the node's own name and files from its first moment.
b=/bin/busybox
stamp=/root/var/lib/grunnmur/seed

wait_for() {
  tries=0
  while [ ! -b "$1" ] && [ "$tries" -lt 600 ]; do
    $b sleep 0.1
    tries=$((tries + 1))
  done
}

unpack_seed() {
  # A disk that is not an archive belongs to somebody else.
  [ "$($b dd if=/dev/vdb bs=1 skip=257 count=5 2>/dev/null)" = ustar ] || return 0
  checksum=$($b sha256sum /dev/vdb)
  [ "$($b cat "$stamp" 2>/dev/null)" != "$checksum" ] || return 0
  if $b tar -xp -o -f /dev/vdb -C /root; then
    $b mkdir -p "${stamp%/*}"
    echo "$checksum" >"$stamp"
  else
    echo "grunnmur: the seed on /dev/vdb could not be unpacked" >/dev/console
  fi
}

$b mount -t devtmpfs dev /dev
$b mount -t proc proc /proc
while read -r module; do
  $b insmod "/modules/$module"
done </modules/list

wait_for /dev/vda
# After a crash the mount replays the journal; a full check would only make an unreachable node of a damaged one.
if ! $b mount -t ext4 -o rw,relatime /dev/vda /root; then
  echo "grunnmur: no root filesystem on /dev/vda" >/dev/console
  $b sleep 5
  $b reboot -f
fi
if [ -b /dev/vdb ]; then unpack_seed; fi

$b mount --move /dev /root/dev
$b umount /proc
exec $b switch_root /root /sbin/init
