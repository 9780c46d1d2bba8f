#!/bin/bash
# Brings the kubelet of a member to the cluster's settings. Argument: kubeconfig with which to read them.
# A kubelet that does not come back gets its old settings again, and the script fails.
set -euo pipefail

root=${ROOT:-}
settings=$root/var/lib/kubelet/config.yaml
before=$settings.before
# It stays where a run breaks off: what it then finds in force may be what the kubelet cannot bear.
if [ ! -e "$before" ]; then
  cp -p "$settings" "$before.part"
  mv "$before.part" "$before"
fi

healthy() {
  local deadline=$((SECONDS + ${PATIENCE:-300}))
  until curl -sf -m 10 http://127.0.0.1:10248/healthz >/dev/null; do
    if [ "$SECONDS" -ge "$deadline" ]; then return 1; fi
    sleep 1
  done
}

kubeadm upgrade node phase kubelet-config --kubeconfig "$1" >/dev/null
# Restarted also where the file is the same: an earlier run may have broken off between the two.
systemctl restart kubelet
if healthy; then
  if ! cmp -s "$before" "$settings"; then echo "kubelet started anew with changed settings"; fi
  rm -f "$before"
  exit 0
fi
cp -p "$before" "$settings"
rm -f "$before"
systemctl restart kubelet
echo "the kubelet has not answered for ${PATIENCE:-300} s with its new settings, and has its old ones again: 'journalctl -u kubelet' says why" >&2
exit 1
