#!/bin/bash
# Renews what kubeadm issued to this control plane once any of it ends within four months, and starts the pods that hold it anew,
# one after the other. The authorities stay. A timer runs it. Idempotent; a run that broke off is made up for by the next.
set -euo pipefail

root=${ROOT:-}
own=$root/etc/kubernetes/grunnmur
begun=$own/renewing
umask 077
if [ ! -e "$own/complete" ]; then exit 0; fi

ends_soon() {
  local limit ends
  limit=$(($(date +%s) + 120 * 86400))
  # Of the authorities, which are named after the certificates, none is renewed.
  while IFS= read -r ends; do
    if [ "$(date -d "$ends" +%s)" -lt "$limit" ]; then return; fi
  done < <(kubeadm certs check-expiration -o json | tr -d ' \n' | sed 's/"certificateAuthorities".*//' |
    grep -o '"expirationDate":"[^"]*"' | cut -d'"' -f4)
  return 1
}
if [ ! -e "$begun" ] && ! ends_soon; then exit 0; fi

while IFS= read -r peer; do
  if ! curl -sfk -m 30 "https://$peer:6443/readyz" >/dev/null; then
    echo "not now: the control plane $peer does not answer, and this one would be away for a moment" >&2
    exit 1
  fi
done <"$own/peers"
touch "$begun"
kubeadm certs renew all >/dev/null
bash "$root/usr/local/lib/grunnmur/static-pods.sh" restart
rm "$begun"
echo "the certificates of this control plane are renewed"
