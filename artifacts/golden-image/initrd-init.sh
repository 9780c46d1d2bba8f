#!/bin/sh
# The first program of a node: brings in the disk driver, mounts the root filesystem and hands over to systemd.
# It has nobody to report to but the console.
b=/bin/busybox

$b mount -t devtmpfs dev /dev
$b mount -t proc proc /proc
$b insmod /virtio_blk.ko

tries=0
while [ ! -b /dev/vda ] && [ "$tries" -lt 600 ]; do
  $b sleep 0.1
  tries=$((tries + 1))
done

# After a crash the journal is replayed by the mount; a check that fails would leave the node unreachable anyway.
if ! $b mount -t ext4 -o rw /dev/vda /root; then
  echo "grunnmur: no root filesystem on /dev/vda" >/dev/console
  $b sleep 5
  $b reboot -f
fi
$b mount --move /dev /root/dev
$b umount /proc
exec $b switch_root /root /sbin/init
