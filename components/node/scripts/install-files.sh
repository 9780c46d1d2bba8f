#!/bin/bash
# Installs the files of one desired state on a node, and enables and restarts the units that read the changed ones.
# Standard input: base64 tar of the files, and `.units`, lines of UNIT PATH-PREFIX.
# Idempotent: an unchanged file touches nothing. Says what it changed.
# Few processes do it, since each costs an emulated node a tenth of a second.
set -euo pipefail

payload=$(mktemp -d -p /run) # on tmpfs and for root alone: secrets pass through here
trap 'rm -rf "$payload"' EXIT
base64 -d >"$payload/files.tar"
umask 022

# tar names what differs in content, mode or owner, or is missing: `NAME: Mode differs`, `tar: NAME: Warning: …`.
{ tar -df "$payload/files.tar" -C / --exclude=.units 2>&1 || true; } |
  sed -n 's/^tar: //; s/: [A-Z].*//; /^Exiting/d; p' | sort -u >"$payload/changed"
if [ -s "$payload/changed" ]; then
  tar -xpf "$payload/files.tar" -C / --unlink-first -T "$payload/changed"
  sed 's|^|installed /|' "$payload/changed"
fi

changed=()
while IFS= read -r file; do changed+=("/$file"); done <"$payload/changed"
touched() { # PREFIX
  local file
  for file in "${changed[@]}"; do
    [[ $file == "$1"* ]] && return 0
  done
  return 1
}
if touched /etc/systemd/system; then systemctl daemon-reload; fi
if touched /etc/systemd/network; then networkctl reload; fi
units=() restart=() start=()
while read -r unit prefix; do
  units+=("$unit")
  if touched "$prefix"; then restart+=("$unit"); else start+=("$unit"); fi
done < <(tar -xOf "$payload/files.tar" .units)
systemctl enable -q "${units[@]}"
if [ ${#start[@]} -gt 0 ]; then systemctl start "${start[@]}"; fi
if [ ${#restart[@]} -gt 0 ]; then
  systemctl restart "${restart[@]}"
  echo "started anew: ${restart[*]}"
fi
