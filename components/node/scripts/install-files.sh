#!/bin/bash
# Installs the files of one desired state on a node, removes those that it no longer names, and enables, restarts or
# reloads the units that read them. Standard input: base64 tar of the files, `.name` (of this state), and `.units`, lines of
# UNIT PATH-PREFIX restart|reload.
# Idempotent: an unchanged file touches nothing. What a run changes is noted before and crossed out after the units know,
# so that an interrupted run is made up for. Says what it changed.
# Few processes do it, since each costs an emulated node a tenth of a second.
set -euo pipefail

root=${ROOT:-/} # another in tests
payload=$(mktemp -d -p /run) # on tmpfs and for root alone: secrets pass through here
trap 'rm -rf "$payload"' EXIT
base64 -d >"$payload/files.tar"
tar -xf "$payload/files.tar" -C "$payload" .name .units
read -r name <"$payload/.name"
record=${root%/}/var/lib/grunnmur/files/$name
umask 022
mkdir -p "$record"
touch "$record/installed" "$record/pending"

tar -tf "$payload/files.tar" --exclude=.units --exclude=.name >"$payload/wanted"
# tar names what differs in content, mode or owner, or is missing: `NAME: Mode differs`, `tar: NAME: Warning: …`.
{ tar -df "$payload/files.tar" -C "$root" --exclude=.units --exclude=.name 2>&1 || true; } |
  sed -n 's/^tar: //; s/: [A-Z].*//; /^Exiting/d; p' | sort -u >"$payload/changed"
{ grep -vxFf "$payload/wanted" "$record/installed" || true; } >"$payload/gone"
if [ -s "$payload/changed" ] || [ -s "$payload/gone" ]; then
  cat "$payload/changed" "$payload/gone" >>"$record/pending"
fi
if [ -s "$payload/changed" ]; then
  tar -xpf "$payload/files.tar" -C "$root" --unlink-first -T "$payload/changed"
  sed 's|^|installed /|' "$payload/changed"
fi
while IFS= read -r file; do
  rm -f "${root%/}/$file"
  echo "removed /$file"
done <"$payload/gone"

changed=()
while IFS= read -r file; do changed+=("/$file"); done <"$record/pending"
touched() { # PREFIX
  local file
  for file in "${changed[@]}"; do
    [[ $file == "$1"* ]] && return 0
  done
  return 1
}
if touched /etc/systemd/system; then systemctl daemon-reload; fi
if touched /etc/systemd/network; then networkctl reload; fi
units=() restart=() reload=() start=()
while read -r unit prefix how; do
  units+=("$unit")
  if ! touched "$prefix"; then
    start+=("$unit")
  elif [ "$how" = reload ]; then
    reload+=("$unit")
  else
    restart+=("$unit")
  fi
done <"$payload/.units"
systemctl enable -q --no-reload "${units[@]}" # read above, where any changed
if [ ${#start[@]} -gt 0 ]; then systemctl start "${start[@]}"; fi
if [ ${#reload[@]} -gt 0 ]; then
  systemctl reload-or-restart "${reload[@]}"
  echo "reloaded: ${reload[*]}"
fi
if [ ${#restart[@]} -gt 0 ]; then
  systemctl restart "${restart[@]}"
  echo "started anew: ${restart[*]}"
fi
if [ ${#changed[@]} -gt 0 ] || ! [ -s "$record/installed" ]; then cp "$payload/wanted" "$record/installed"; fi
rm "$record/pending"
