#!/bin/bash
# Keeps a control plane as it shall be: files of the API server, authorities, keys of service accounts, flags of its pods, the cluster's configuration, the kubelet.
# Folder PAYLOAD: `static-pods.sh`, `kubelet.sh`, `trust.sh`, `version.sh` with what they read, `patience` (seconds) and `rootfs/…`.
# On a machine that is no member yet the files are written for join.sh. On a member they are brought into force: one pod
# after the other, and where one does not come back, all is put back and the script fails.
# Idempotent; a run that broke off begins again. Says what it changed.
set -euo pipefail

root=${ROOT:-}
there=$root/etc/kubernetes
own=$there/grunnmur
patches=$there/patches
kept=$there/grunnmur-previous
payload=${PAYLOAD:?}
umask 077
new=$payload/rootfs/etc/kubernetes
export PATIENCE
PATIENCE=$(cat "$payload/patience")

write() { # FOLDER with grunnmur/, pki/ and patches/, and conf/ where kubeconfigs are put back
  mkdir -p "$own" "$there/pki"
  cp -a "$1/grunnmur/." "$own/"
  cp -a "$1/pki/." "$there/pki/"
  if [ ! -e "$1/pki/signing.crt" ]; then rm -f "$there/pki/signing.crt"; fi
  if [ -d "$1/conf" ]; then cp -a "$1/conf/." "$there/"; fi
  rm -rf "$patches"
  cp -a "$1/patches" "$patches"
}

forget() { # in one step, so that no half of it is ever put back
  mv "$kept" "$kept.part"
  rm -rf "$kept.part"
}

if [ ! -e "$own/complete" ]; then
  write "$new"
  exit 0
fi

# The key by which secrets are written, which is the first one, must be among those by which they will be read.
knows_key() {
  local key
  key=$(sed -n 's/.*keys: \[{[^}]*secret: \([^ }]*\).*/\1/p' "$own/encryption.yaml")
  [ -n "$key" ] && grep -qF -f <(printf 'secret: %s\n' "$key") "$new/grunnmur/encryption.yaml"
}
if [ -e "$own/encryption.yaml" ] && ! cmp -s "$own/encryption.yaml" "$new/grunnmur/encryption.yaml" && ! knows_key; then
  echo "the key that encrypts the cluster's secrets would be another: what is in etcd could not be read any more." >&2
  echo "It follows from the seed 'cluster-seed' in the state, which must stay. Nothing was changed on this control plane." >&2
  exit 1
fi

# Before anything is kept to be put back: no pods of the version before.
if ! version=$(sed -n 's/^kubernetesVersion: //p' "$new/grunnmur/cluster.yaml") || ! bash "$payload/version.sh" "$version"; then
  echo "this control plane goes on with what it has; the reason stands above. './grunnmur upgrade' goes on from here" >&2
  exit 1
fi

same() {
  local file
  while IFS= read -r file; do
    cmp -s "$new/$file" "$there/$file" || return 1
  done < <(cd "$new" && find grunnmur pki -type f)
  diff -rq "$new/patches" "$patches" >/dev/null 2>&1
}
continued=
rm -rf "$kept.part" # of a run that broke off
if [ ! -e "$kept" ]; then
  if same; then exit 0; fi
  # The folder is the mark of a change that is under way: it is there whole or not at all.
  mkdir -p "$kept.part/grunnmur" "$kept.part/conf" "$kept.part/patches"
  for file in "$new"/grunnmur/*; do
    name=${file#"$new"/}
    if [ -e "$there/$name" ]; then cp -a "$there/$name" "$kept.part/$name"; fi
  done
  # With what the authorities issued.
  cp -a "$there/pki" "$kept.part/pki"
  for name in admin super-admin controller-manager scheduler; do
    if [ -e "$there/$name.conf" ]; then cp -a "$there/$name.conf" "$kept.part/conf/"; fi
  done
  if [ -d "$patches" ]; then cp -a "$patches/." "$kept.part/patches/"; fi
  cp -a "$there/manifests" "$kept.part/manifests"
  mv "$kept.part" "$kept"
else
  echo "an earlier change broke off: going on with it"
  continued=yes
fi

write "$new"
rotated() { # were the authorities, ever
  [ -e "$payload/kubelet-client.pem" ]
}
if { rotated && ! bash "$payload/trust.sh" pods; } || ! bash "$payload/static-pods.sh" render "$own"; then
  write "$kept"
  bash "$payload/static-pods.sh" restore "$kept/manifests" || true
  forget
  echo "the control plane was put back as it was; the reason stands above" >&2
  exit 1
fi
# For those that join, now that it is known to work here.
cat "$own/local.yaml" <(echo ---) "$own/cluster.yaml" >"$payload/kubeadm.yaml"
kubeadm init phase upload-config all --config "$payload/kubeadm.yaml" >/dev/null
# What an earlier run did to the kubelet is not known.
if [ -n "$continued" ] || ! cmp -s "$kept/grunnmur/kubelet.yaml" "$own/kubelet.yaml"; then
  bash "$payload/kubelet.sh" /etc/kubernetes/admin.conf
fi
if rotated; then bash "$payload/trust.sh" kubelet; fi
forget
echo "control plane is as configured"
