# shellcheck shell=bash
# Stands after virsh.sh, before the scripts that make disks.

# Grows a qcow2 volume that is there already, under the guest or without it. Says what it did.
grow() { # VOLUME DEVICE GIB SETTING
  local bytes wanted=$(($3 << 30))
  bytes=$(v vol-dumpxml --pool "$POOL" "$1" | sed -n "s|.*<capacity unit='bytes'>\([0-9]*\)<.*|\1|p")
  if [ "$wanted" -lt "$bytes" ]; then
    echo "the disk ${1%.qcow2} has $((bytes >> 30)) GiB and cannot be made smaller: set $4 to at least that" >&2
    exit 1
  fi
  if [ "$wanted" -eq "$bytes" ]; then return 0; fi
  if runs_with "$1"; then
    v blockresize "$NAME" "$2" "${3}G" >/dev/null
  else
    v vol-resize --pool "$POOL" "$1" "${3}G" >/dev/null
  fi
  echo "disk ${1%.qcow2} grown from $((bytes >> 30)) to $3 GiB; its filesystem fills it when the node is looked at next, or boots"
}
