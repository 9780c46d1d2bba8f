#!/bin/bash
# Waits on a control plane until the agent has applied what Git holds and all of it is healthy.
# Standard input: the seconds to wait at most.
set -euo pipefail

read -r seconds
k() { kubectl --kubeconfig /etc/kubernetes/admin.conf --namespace flux-system "$@"; }
condition='{range .status.conditions[?(@.type=="Ready")]}{.status}: {.message}{end}'
deadline=$((SECONDS + seconds)) said=''
while [ "$SECONDS" -lt "$deadline" ]; do
  # An API server that is busy with the first pods may not answer at once.
  state=$(k get kustomization flux-system -o "jsonpath=$condition" 2>/dev/null || echo "Unknown: no answer")
  if [ "$state" != "$said" ]; then echo "$state"; fi
  said=$state
  case "$state" in True:*) exit 0 ;; esac
  sleep 3
done
echo "the agent has not applied the repository within $seconds s; it says: $said" >&2
k get gitrepository flux-system -o "jsonpath=source: $condition{\"\n\"}" >&2 || true
exit 1
