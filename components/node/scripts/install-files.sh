#!/bin/bash
# Installs the files of one desired state on a node, and enables and restarts the units that read the changed ones.
# Standard input: base64 tar with `rootfs/…` (copied to /) and `units`, lines of UNIT PATH-PREFIX.
# Idempotent: an unchanged file touches nothing. Says what it changed.
set -euo pipefail

payload=$(mktemp -d -p /run) # on tmpfs and for root alone: secrets pass through here
umask 022
trap 'rm -rf "$payload"' EXIT
base64 -d | tar -xpC "$payload"

changed=()
while IFS= read -r -d '' file; do
  target=/${file#"$payload"/rootfs/}
  if ! cmp -s "$file" "$target" || [ "$(stat -c %a "$file")" != "$(stat -c %a "$target")" ]; then
    install -D -o root -g root -m "$(stat -c %a "$file")" "$file" "$target.new"
    mv "$target.new" "$target"
    changed+=("$target")
    echo "installed $target"
  fi
done < <(find "$payload/rootfs" -type f -print0 | sort -z)
touched() { # PREFIX
  local file
  for file in "${changed[@]}"; do
    [[ $file == "$1"* ]] && return 0
  done
  return 1
}
if touched /etc/systemd/system; then systemctl daemon-reload; fi
if touched /etc/sysctl.d; then sysctl -q --system; fi
if touched /etc/systemd/network; then networkctl reload && networkctl reconfigure eth0; fi
while read -r unit prefix; do
  [ -n "$unit" ] || continue
  systemctl enable -q "$unit"
  if touched "$prefix"; then
    systemctl restart "$unit"
    echo "restarted $unit"
  else
    systemctl start "$unit"
  fi
done <"$payload/units"
