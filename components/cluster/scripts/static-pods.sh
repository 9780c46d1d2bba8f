#!/bin/bash
# Puts manifests of static pods into force, one after the other, waiting for each: all at once would starve a slow machine.
# `render FOLDER`: those that kubeadm renders from `local.yaml` and `cluster.yaml` in FOLDER. `restore FOLDER`: those in FOLDER.
# A manifest that is the same is not touched. `restart`: each pod is started anew as it is, with the certificates that lie there.
# Environment: PATIENCE, seconds for each.
set -euo pipefail

root=${ROOT:-}
manifests=$root/etc/kubernetes/manifests
rm -rf "$root"/etc/kubernetes/grunnmur-pods.* # of a run that broke off
work=$(mktemp -d "$root/etc/kubernetes/grunnmur-pods.XXXXXX") # on the manifests' file system: `mv` is then one step
trap 'rm -rf "$work"' EXIT

render() { # FOLDER
  cat "$1/local.yaml" <(echo ---) "$1/cluster.yaml" >"$work/kubeadm.yaml"
  local phase
  for phase in "etcd local" "control-plane all"; do
    # shellcheck disable=SC2086 # two words
    if ! KUBEADM_INIT_DRYRUN_DIR=$work kubeadm init phase $phase --dry-run --config "$work/kubeadm.yaml" >"$work/log" 2>&1; then
      echo "kubeadm cannot render the manifests ('kubeadm init phase $phase'): $(tail -n 5 "$work/log")" >&2
      return 1
    fi
  done
  # Whom etcd once met is settled when it is made: kubeadm would name this member alone.
  if [ -e "$manifests/etcd.yaml" ]; then
    grep -e '- --initial-cluster' "$manifests/etcd.yaml" >"$work/met" || true
    sed -i -e '/- --initial-cluster/d' -e "/^    - etcd\$/r $work/met" "$work/etcd.yaml"
  fi
}

alike() { # FILE FILE, whatever the order of etcd's flags
  cmp -s <(sort "$1") <(sort "$2")
}
process() { # NAME: folder in /proc of the pod's process; the kernel keeps fifteen letters of a name
  grep -lx -- "${1:0:15}" "$root"/proc/[0-9]*/comm 2>/dev/null | sort | head -n 1
}
answers() { # NAME
  case $1 in
    etcd) curl -sf -m 30 http://127.0.0.1:2381/readyz ;;
    kube-apiserver) curl -sfk -m 30 https://127.0.0.1:6443/readyz ;;
    kube-controller-manager) curl -sfk -m 30 https://127.0.0.1:10257/healthz ;;
    kube-scheduler) curl -sfk -m 30 https://127.0.0.1:10259/livez ;;
  esac >/dev/null
}

last_words() { # NAME: the end of its newest log
  find "$root/var/log/pods" -path "*kube-system_$1-*" -name '*.log' -printf '%T@ %p\n' 2>/dev/null | sort -n | tail -n 1 |
    cut -d' ' -f2- | xargs -r tail -n 5
}

put() { # NAME FILE
  local old
  old=$(process "$1" || true)
  cp "$2" "$work/put"
  chmod 600 "$work/put"
  mv "$work/put" "$manifests/$1.yaml"
  wait_for "$1" "$old" && echo "$1 started anew"
}

wait_for() { # NAME, process that is not meant: the one that answers may still be the old one
  local name=$1 old=$2 now deadline=$((SECONDS + ${PATIENCE:-300}))
  while true; do
    now=$(process "$name" || true)
    if [ -n "$now" ] && [ "$now" != "$old" ] && answers "$name" && { [ "$name" = etcd ] || answers kube-apiserver; }; then return; fi
    if [ "$SECONDS" -ge "$deadline" ]; then
      echo "$name has not come back within ${PATIENCE:-300} s with its new manifest: process before ${old:-none}, now ${now:-none}." >&2
      last_words "$name" >&2
      return 1
    fi
    sleep 1
  done
}

failed=0
each() { # FOLDER
  local name
  for name in etcd kube-apiserver kube-controller-manager kube-scheduler; do
    if ! alike "$1/$name.yaml" "$manifests/$name.yaml"; then
      put "$name" "$1/$name.yaml" || failed=1
    elif [ "$mode" = render ]; then
      # A run that broke off may have put it, and not seen whether it comes back.
      wait_for "$name" "" || failed=1
    fi
    # Back to what was, nothing is left out.
    if [ "$failed$mode" = 1render ]; then return; fi
  done
}

restart() {
  local name old pid
  for name in etcd kube-apiserver kube-controller-manager kube-scheduler; do
    old=$(process "$name" || true)
    pid=${old%/comm}
    # The kubelet starts again what has ended.
    if [ -n "$old" ]; then env kill "${pid##*/}"; fi
    if ! wait_for "$name" "$old"; then
      failed=1
      return
    fi
    echo "$name started anew"
  done
}

mode=$1
case $mode in
  render)
    render "$2"
    each "$work"
    ;;
  restore) each "$2" ;;
  restart) restart ;;
esac
exit "$failed"
