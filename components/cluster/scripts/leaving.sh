#!/bin/bash
# Stands before the scripts that end memberships, after api.sh: `empty NODE` and `forget NODE`.
# Environment: DRAIN_SECONDS.
: "${scratch:?is made by api.sh}"

ready() { # NODE; prints True, another state, or nothing where there is no such Node
  kube get node "$1" --ignore-not-found -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'
}

# Moves the pods away while the node serves them. Disruption budgets hold where another worker can take the pods; on the
# only worker they would hold for ever.
empty() { # NODE
  local state others eviction=()
  state=$(ready "$1")
  if [ -z "$state" ]; then return; fi
  if [ "$state" != True ]; then
    echo "$1 does not answer: its pods are given up, and what is theirs on its disk"
    return
  fi
  others=$(kube get nodes -l '!node-role.kubernetes.io/control-plane' -o 'jsonpath={range .items[*]}{.metadata.name} {.spec.unschedulable} {.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' |
    awk -v self="$1" '$1 != self && $2 != "true" && $NF == "True"')
  if [ -z "$others" ]; then
    eviction=(--disable-eviction)
    echo "$1 is the only worker that is ready: what runs there is down until another is"
  fi
  # In short tries: a node that has died since still passes for ready, and its pods never end.
  local deadline=$((SECONDS + DRAIN_SECONDS))
  until kube drain "$1" --ignore-daemonsets --delete-emptydir-data --timeout="$((DRAIN_SECONDS / 20 + 1))s" "${eviction[@]}" >"$scratch/drain" 2>&1; do
    state=$(ready "$1")
    if [ "$state" != True ]; then
      echo "$1 does not answer any more: its pods are given up, and what is theirs on its disk"
      return
    fi
    if [ "$SECONDS" -ge "$deadline" ]; then
      stays "$1"
      return 1
    fi
  done
  echo "$1 is empty"
}
stays() { # NODE that is not empty in time
  kube uncordon "$1" >/dev/null || true
  echo "$1 stays, and takes pods again: it is not empty after $DRAIN_SECONDS s. kubectl drain said:" >&2
  grep -v -e '^evicting pod' -e '^Warning: ignoring DaemonSet' "$scratch/drain" | sort -u | tail -n 5 >&2
  echo "A PodDisruptionBudget that never lets a pod go is the usual reason: ./grunnmur kubectl get poddisruptionbudgets -A" >&2
}

# etcd's own API, of the member on a control plane; prints the answer, in one line.
etcd() { # NODE PATH JSON
  local port='' log=$scratch/forward forward code=0
  : "${server:?is found by find_api}"
  : >"$log"
  setpriv --pdeathsig TERM "$KUBECTL" --context "$server" port-forward -n kube-system "pod/etcd-$1" :2379 >"$log" 2>&1 &
  forward=$!
  local deadline=$((SECONDS + 60))
  until port=$(sed -n 's/^Forwarding from 127.0.0.1:\([0-9]*\) .*/\1/p' "$log") && [ -n "$port" ]; do
    if ! kill -0 "$forward" 2>/dev/null || [ "$SECONDS" -ge "$deadline" ]; then break; fi
    sleep 0.2
  done
  if [ -n "$port" ]; then
    curl -sf -m 60 --cacert "$scratch/etcd/ca.crt" --cert "$scratch/etcd/client.crt" --key "$scratch/etcd/client.key" \
      -d "$3" "https://127.0.0.1:$port/v3/$2" || code=1
  else
    code=1
  fi
  kill "$forward" 2>/dev/null || true
  wait "$forward" 2>/dev/null || true
  return "$code"
}
members() { grep -o '{"ID":"[0-9]*"[^}]*}' || true; } # of an answer, one a line

# Finds the etcd member of a control plane, in `member` (empty where there is none), another that answers, in `peer`, and how
# many the rest are, in `rest`. Fails where the rest could not go on without it.
find_member() { # NODE ADDRESS
  local other found list healthy=0
  member='' peer='' rest=0
  for other in $("$KUBECTL" config get-contexts -o name); do
    if [ "$other" = "$1" ]; then continue; fi
    if found=$(etcd "$other" cluster/member/list '{}'); then
      healthy=$((healthy + 1))
      list=$found
      peer=$other
    fi
  done
  if [ -z "$peer" ]; then
    echo "$1 stays: no other member of etcd answers, see ./grunnmur status" >&2
    return 1
  fi
  member=$(members <<<"$list" | grep -F "\"https://$2:2380\"" | sed 's/^{"ID":"\([0-9]*\)".*/\1/' || true)
  if [ -z "$member" ]; then return; fi
  rest=$(($(members <<<"$list" | wc -l) - 1))
  if [ $((2 * healthy)) -le "$rest" ]; then
    echo "$1 stays: without it etcd has $rest members of which $healthy answer, and that is no majority. Bring the others back first." >&2
    return 1
  fi
}
remove_member() { # NODE
  if [ -z "$member" ]; then return; fi
  if ! etcd "$peer" cluster/member/remove "{\"ID\":\"$member\"}" >/dev/null; then
    echo "etcd did not take the member of $1 out: see ./grunnmur kubectl logs -n kube-system etcd-$peer" >&2
    return 1
  fi
  echo "etcd goes on without $1, with $rest"
}

forget() { # NODE
  kube delete node "$1" --ignore-not-found --wait=false >/dev/null
}
