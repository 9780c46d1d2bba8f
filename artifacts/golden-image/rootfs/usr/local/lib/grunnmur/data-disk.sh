#!/bin/bash
# Brings the data disk of this machine, if it has one, to where its data is looked for.
#
# usage: data-disk.sh mount      gives a blank disk a filesystem, grows and mounts it; on the registry's node, Git lies on it
#        data-disk.sh registry   on the registry's node, images lie on it
# Environment, for tests: ROOT.
# Idempotent. What the system disk has and the data disk has not is copied once for each system disk: the data disk may be older
# than the machine, whose image brings system images, or younger, on a machine that has served. What the data disk has stays.
set -euo pipefail

PATH=$PATH:/usr/lib/systemd
export LC_ALL=C
root=${ROOT:-}
data=$root/var/lib/grunnmur/data
label=grunnmur-data

fail() {
  echo "data disk: $1" >&2
  exit 1
}
# What a machine's disks are for, their serials say; names such as vdc follow from the order in which they are found.
find_disk() { # sets disk (empty where there is none), sectors and role
  local file serial
  disk='' role='' sectors=0
  for file in "$root"/sys/block/*/serial; do
    [ -r "$file" ] || continue
    serial=$(<"$file") || continue
    case $serial in grunnmur-*) ;; *) continue ;; esac
    if [ -n "$disk" ]; then fail "there are two, $disk and ${file%/serial}: detach the one that is not this node's"; fi
    disk=${file%/serial} role=${serial#grunnmur-}
    read -r sectors <"$disk/size"
    disk=$root/dev/${disk##*/}
  done
}

# Whether a disk is blank cannot be known without reading all of it. What leaves no known signature, such as encryption without
# a header, lies all over it; so the first and the last 16 MiB are read, and one in each of 15 places between.
is_blank() {
  local mib=$((sectors / 2048)) part
  zeros 0 16 || return 1
  zeros $((mib - 16)) 16 || return 1
  for part in {1..15}; do
    zeros $((mib * part / 16)) 1 || return 1
  done
}
zeros() { # FIRST-MIB MIB
  cmp -s -i "$(($1 << 20)):0" -n "$(($2 << 20))" "$disk" /dev/zero
}

# A machine that is switched off in the middle of making a filesystem leaves a disk that is neither blank nor known. The system
# disk remembers that it was blank. The superblock is written last: what has one is whole.
begun=$root/var/lib/grunnmur/data-disk-begun
make_filesystem() {
  if ! [ -e "$begun" ]; then
    is_blank || fail "$disk is not blank, and nothing on it is known. It is left as it is. If nobody needs it: blkdiscard -f $disk; reboot"
    : >"$begun"
    sync "$begun" "${begun%/*}"
  fi
  # Nothing is kept back for root: nothing of the system's lies here.
  mkfs.ext4 -q -F -L "$label" -m 0 -E nodiscard,lazy_itable_init=1,lazy_journal_init=1 "$disk"
  sync "$disk"
  echo "data disk: $disk was blank and has a filesystem now"
}

probe() { # sets type, name and uuid, all empty where nothing is found
  local found='' status=0 line
  type='' name='' uuid=''
  found=$(blkid -p -o export "$disk") || status=$?
  case $status in
    0) ;;
    2) return 0 ;;
    *) fail "$disk holds several things at once, or cannot be read: see blkid -p $disk. It is left as it is" ;;
  esac
  type=none
  while IFS= read -r line; do
    case $line in
      TYPE=*) type=${line#*=} ;;
      PTTYPE=*) type="a partition table (${line#*=})" ;;
      LABEL=*) name=${line#*=} ;;
      UUID=*) uuid=${line#*=} ;;
    esac
  done <<<"$found"
}

# On this system disk, which data disk has been given what was here.
merged() { [ "$(cat "$root/var/lib/grunnmur/data-disk-$1" 2>/dev/null)" = "$uuid" ]; }
note_merged() {
  local note=$root/var/lib/grunnmur/data-disk-$1
  sync -f "$data" # the copies first
  echo "$uuid" >"$note.new"
  mv "$note.new" "$note"
  sync "$note" "${note%/*}" # or a crash would have the next boot take the new machine's keys for the old one's
}
bind() { # NAME PLACE
  if mountpoint -q "$root$2"; then return 0; fi
  mount --bind "$data/$1" "$root$2"
}

# A repository is taken whole or not at all: two histories are not one. Keys are the new machine's: the program brings them.
merge_git() {
  local entry
  if ! [ -e "$root/var/lib/grunnmur/data-disk-git" ]; then rm -rf "$data/git/.ssh"; fi
  for entry in "$root"/srv/git/{.ssh,*.git}; do
    if ! [ -e "$entry" ] || [ -e "$data/git/${entry##*/}" ]; then continue; fi
    cp -a "$entry" "$data/.incoming/"
    sync -f "$data"
    mv "$data/.incoming/${entry##*/}" "$data/git/"
  done
  # Numbers of users differ from image to image.
  chown root:root "$data/git"
  for entry in "$data"/git/*.git; do
    if [ -e "$entry" ]; then chown -hR git:git "$entry"; fi
  done
}

# The registry's files are named for what is in them, or lie in a folder of their image's name, so two trees are one. A file is
# whole or not there: it is linked to its place when its copy is on the disk.
merge_registry() {
  local from=$root/var/lib/registry to=$data/registry
  {
    find "$from" -mindepth 1 -type d -printf '%P\0' | sort -z
    comm -z -23 <(find "$from" -type f -printf '%P\0' | sort -z) <(find "$to" -type f -printf '%P\0' | sort -z)
  } >"$data/.incoming.list"
  tar -C "$from" --null --no-recursion -T "$data/.incoming.list" -cf - | tar -C "$data/.incoming" -xpf -
  sync -f "$data"
  cp -al "$data/.incoming/." "$to/"
  chown -hR registry:registry "$to"
}

take_place() { # NAME PLACE
  probe
  if ! merged "$1"; then
    rm -rf "$data/.incoming"
    mkdir -p "$data/$1" "$data/.incoming"
    "merge_$1"
    note_merged "$1"
    rm -rf "$data/.incoming" "$data/.incoming.list"
    echo "data disk: holds what this machine had in $2, beside its own"
  fi
  bind "$1" "$2"
}

find_disk
if [ -z "$disk" ]; then
  # What it had itself before would pass for what it has.
  for note in "$root"/var/lib/grunnmur/data-disk-{git,registry}; do
    if [ -e "$note" ]; then fail "this machine has one, and does not find it: attach it again, and start the machine"; fi
  done
  exit 0
fi
case $1 in
  mount)
    mkdir -p "$data"
    if ! mountpoint -q "$data"; then
      probe
      if [ -z "$type" ]; then
        make_filesystem
        probe
      fi
      if [ "$type $name" != "ext4 $label" ]; then
        fail "$disk holds ${type/none/something without a filesystem}${name:+ with the label $name}, not an ext4 with the label $label that a node made. It is left as it is. If it is another's, detach it; if nobody needs what it holds: wipefs -a $disk; blkdiscard -f $disk; reboot"
      fi
      mount -t ext4 -o rw,relatime,nosuid,nodev "$disk" "$data"
      rm -f "$begun"
    fi
    systemd-growfs "$data"
    if [ "$role" = registry ]; then take_place git /srv/git; fi
    ;;
  registry)
    mountpoint -q "$data" || fail "is not mounted: see journalctl -u grunnmur-data.service"
    if [ "$role" = registry ]; then take_place registry /var/lib/registry; fi
    ;;
esac
