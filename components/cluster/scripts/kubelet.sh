#!/bin/bash
# Brings the kubelet of a member to the cluster's settings, or to the labels that say where its machine stands.
# Arguments: the kubeconfig with which to read the settings, or `--labels LABELS`, as its flag --node-labels has them.
# A kubelet that does not come back gets what it had before, and the script fails. Says what it changed.
set -euo pipefail

folder=${ROOT:-}/var/lib/kubelet
if [ "$1" = --labels ]; then
  file=$folder/kubeadm-flags.env
  said="the node is labelled $2: what runs there and asks for another place goes elsewhere"
  has=$(sed -n 's/.*--node-labels=\([^ "]*\).*/\1/p' "$file")
  if [ -z "$has" ]; then
    echo "$file has no --node-labels, so kubeadm has not made this member as grunnmur has it: './grunnmur replace' makes it anew" >&2
    exit 1
  fi
  if [ "$has" = "$2" ] && [ ! -e "$file.before" ]; then exit 0; fi
  # What the kubelet says of region and zone when it starts, its Node bears from then on.
  bring() {
    sed "s|--node-labels=[^ \"]*|--node-labels=$1|" "$before" >"$file.part"
    chmod --reference="$before" "$file.part"
    mv "$file.part" "$file"
  }
else
  file=$folder/config.yaml
  said="kubelet started anew with changed settings"
  bring() { kubeadm upgrade node phase kubelet-config --kubeconfig "$1" >/dev/null; }
fi
before=$file.before
# It stays where a run breaks off: what it then finds in force may be what the kubelet cannot bear.
if [ ! -e "$before" ]; then
  cp -p "$file" "$before.part"
  mv "$before.part" "$before"
fi

healthy() {
  local deadline=$((SECONDS + ${PATIENCE:-300}))
  until curl -sf -m 10 http://127.0.0.1:10248/healthz >/dev/null; do
    if [ "$SECONDS" -ge "$deadline" ]; then return 1; fi
    sleep 1
  done
}

bring "${@: -1}"
# Restarted also where the file is the same: an earlier run may have broken off between the two.
systemctl restart kubelet
if healthy; then
  if ! cmp -s "$before" "$file"; then echo "$said"; fi
  rm -f "$before"
  exit 0
fi
cp -p "$before" "$file"
rm -f "$before"
systemctl restart kubelet
echo "the kubelet has not answered for ${PATIENCE:-300} s with its new settings, and has its old ones again: 'journalctl -u kubelet' says why" >&2
exit 1
