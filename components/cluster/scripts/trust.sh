#!/bin/bash
# Has this machine follow the authorities in its pki/, of each of which the first signs and all are trusted.
# `pods`: what kubeadm issued for the control plane's pods. `kubelet`: whom the kubelet trusts, and as whom it comes; it is started
# anew. Folder PAYLOAD: `kubelet-client.pem`, with which it comes where another authority signed what it has.
# Environment: PATIENCE, seconds. Idempotent; a run that broke off is made up for by the next.
set -euo pipefail

root=${ROOT:-}
there=$root/etc/kubernetes
payload=${PAYLOAD:?}
umask 077

signed_by() { # AUTHORITY; standard input: a certificate. Each generation has a name of its own.
  [ "$(openssl x509 -noout -issuer_hash)" = "$(openssl x509 -noout -subject_hash -in "$there/pki/$1.crt")" ]
}
trusts() { # KUBECONFIG
  # Whole, since one authority's text may be how that of two begins.
  [ "$(sed -n 's/.*certificate-authority-data: //p' "$1")" = "$(base64 -w0 "$there/pki/ca.crt")" ]
}
trust() { # KUBECONFIG
  if trusts "$1"; then return; fi
  sed "s|certificate-authority-data: .*|certificate-authority-data: $(base64 -w0 "$there/pki/ca.crt")|" "$1" >"$1.part"
  mv "$1.part" "$1"
}

kubeconfigs() { # that kubeadm issues
  local name
  for name in admin super-admin controller-manager scheduler; do
    if [ -e "$there/$name.conf" ]; then echo "$there/$name.conf"; fi
  done
}
all_signed() {
  local pair file
  for pair in ca:apiserver ca:apiserver-kubelet-client front-proxy-ca:front-proxy-client etcd/ca:apiserver-etcd-client \
    etcd/ca:etcd/server etcd/ca:etcd/peer etcd/ca:etcd/healthcheck-client; do
    signed_by "${pair%%:*}" <"$there/pki/${pair#*:}.crt" || return 1
  done
  for file in $(kubeconfigs); do
    sed -n 's/.*client-certificate-data: //p' "$file" | base64 -d | signed_by ca || return 1
  done
}

pods() {
  local file
  if ! all_signed; then
    cat "$there/grunnmur/local.yaml" <(echo ---) "$there/grunnmur/cluster.yaml" >"$payload/renew.yaml"
    kubeadm certs renew all --config "$payload/renew.yaml" >/dev/null
  fi
  # It names the one that signs alone.
  for file in $(kubeconfigs); do trust "$file"; done
}

within_patience() { # COMMAND…
  local deadline=$((SECONDS + ${PATIENCE:-300}))
  until "$@" >/dev/null; do
    if [ "$SECONDS" -ge "$deadline" ]; then return 1; fi
    sleep 1
  done
}

kubelet() {
  local folder=$root/var/lib/kubelet/pki begun=$there/grunnmur/trusting
  local current=$folder/kubelet-client-current.pem own
  if [ ! -e "$begun" ] && trusts "$there/kubelet.conf" && signed_by ca <"$current"; then return; fi
  touch "$begun"
  trust "$there/kubelet.conf"
  if ! signed_by ca <"$current"; then
    own=kubelet-client-$(date +%Y-%m-%d-%H-%M-%S).pem
    cp "$payload/kubelet-client.pem" "$folder/$own.part"
    mv "$folder/$own.part" "$folder/$own"
    ln -sf "$own" "$folder/kubelet-client.part"
    mv -T "$folder/kubelet-client.part" "$current"
  fi
  systemctl restart kubelet
  if ! within_patience curl -sf -m 10 http://127.0.0.1:10248/healthz; then
    echo "the kubelet has not answered for ${PATIENCE:-300} s since it follows other authorities: 'journalctl -u kubelet' says why" >&2
    return 1
  fi
  if ! within_patience curl -sf -m 30 --cacert "$there/pki/ca.crt" --cert "$current" \
    "https://127.0.0.1:7443/api/v1/services?limit=1"; then
    echo "no control plane has let this node in for ${PATIENCE:-300} s with the certificate that its kubelet has now" >&2
    return 1
  fi
  rm "$begun"
  echo "kubelet started anew: it follows the authorities that are trusted now"
}

"$1"
