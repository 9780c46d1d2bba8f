#!/bin/bash
# Brings a control plane that is a member to another version of Kubernetes by kubeadm's own upgrade: its pods, then its kubelet.
# Argument: the version, such as `v1.36.4`. Folder PAYLOAD: `programs` (the repository whose images hold kubeadm, kubelet and
# kubectl), `upgrade.yaml`, `coredns` (its image, which kubeadm leaves alone; may be empty), `patience` (seconds).
# Idempotent; one that broke off is gone on with. Where kubeadm fails, it puts back the pods that it had put.
set -euo pipefail

root=${ROOT:-}
own=$root/etc/kubernetes/grunnmur
bin=$root/usr/local/bin
wanted=$1
payload=${PAYLOAD:?}
begun=$own/upgrading # `apply` in it: this control plane has begun to upgrade the cluster itself

runs() { # prints the versions of the pods
  sed -n 's|^ *image: .*/kube-[a-z-]*:\(v[0-9.]*\)$|\1|p' "$root"/etc/kubernetes/manifests/kube-*.yaml | sort -u
}
before=$(runs)
if [ ! -e "$begun" ] && [ "$before" = "$wanted" ]; then exit 0; fi
if [ "$before" = "$wanted" ]; then
  echo "the upgrade to Kubernetes $wanted is gone on with"
else
  echo "Kubernetes ${before//$'\n'/ and } becomes $wanted"
fi
touch "$begun"

fetch() { # the programs of the wanted version, from the environment's registry
  local registry image mounted=$root/run/grunnmur-programs certs=$root/etc/containerd/certs.d
  if [ -d "$mounted" ]; then ctr -n grunnmur images unmount --rm "$mounted" >/dev/null 2>&1 || true; fi # of a run that broke off
  mkdir -p "$mounted"
  registry=$(sed -n 's|^server = "https://\([^/]*\)/v2"$|\1|p' "$certs"/*/hosts.toml)
  image=$registry/$(cat "$payload/programs"):$wanted
  ctr -n grunnmur images pull --hosts-dir "$certs" "$image" >"$payload/said" 2>&1 || {
    echo "$image cannot be pulled: $(tail -n 1 "$payload/said")" >&2
    return 1
  }
  ctr -n grunnmur images mount "$image" "$mounted" >/dev/null
  cp "$mounted/usr/local/bin/"* "$payload/new/"
  ctr -n grunnmur images unmount --rm "$mounted" >/dev/null
  ctr -n grunnmur images rm "$image" >/dev/null
}
put() { # PROGRAM, from the folder `new`
  cp -p "$payload/new/$1" "$bin/.$1.new"
  mv "$bin/.$1.new" "$bin/$1"
}
is_wanted() { # PROGRAM
  case $1 in
    kubelet) [ "$("$bin/kubelet" --version)" = "Kubernetes $wanted" ] ;;
    kubeadm) [ "$("$bin/kubeadm" version -o short)" = "$wanted" ] ;;
  esac
}
mkdir "$payload/new"
if ! is_wanted kubeadm || ! is_wanted kubelet; then
  fetch
  put kubeadm
  put kubectl
fi

if [ "$(runs)" != "$wanted" ] || [ -s "$begun" ]; then
  cluster=$(kubectl --kubeconfig "$root/etc/kubernetes/admin.conf" get configmap kubeadm-config -n kube-system \
    -o 'jsonpath={.data.ClusterConfiguration}' | sed -n 's/^kubernetesVersion: //p')
  if [ "$cluster" = "$wanted" ] && [ ! -s "$begun" ]; then
    kubeadm upgrade node --config "$payload/upgrade.yaml"
  else
    echo apply >"$begun"
    kubeadm upgrade apply --yes --config "$payload/upgrade.yaml"
  fi
fi

healthy() {
  local deadline=$((SECONDS + $(cat "$payload/patience")))
  until curl -sf -m 10 http://127.0.0.1:10248/healthz >/dev/null; do
    if [ "$SECONDS" -ge "$deadline" ]; then return 1; fi
    sleep 1
  done
}
# It is started anew also where it is the wanted one: an earlier run may have broken off between the two.
kept=$bin/.kubelet.before
if ! is_wanted kubelet; then
  if [ ! -e "$kept" ]; then
    cp -p "$bin/kubelet" "$kept.part"
    mv "$kept.part" "$kept"
  fi
  put kubelet
fi
systemctl restart kubelet
if ! healthy; then
  echo "the kubelet of $wanted has not answered for $(cat "$payload/patience") s: 'journalctl -u kubelet' says why" >&2
  if [ -e "$kept" ]; then
    mv "$kept" "$bin/kubelet"
    systemctl restart kubelet
    echo "the one before runs again" >&2
  fi
  exit 1
fi
rm -f "$kept" "$kept.part"
if [ -s "$payload/coredns" ]; then
  kubectl --kubeconfig "$root/etc/kubernetes/admin.conf" set image deployment/coredns -n kube-system "coredns=$(cat "$payload/coredns")"
fi
rm "$begun"
echo "Kubernetes $wanted runs on this control plane"
