#!/bin/bash
# Waits on a control plane until the agent has applied what Git holds and all of its pods are ready.
# Standard input: the seconds to wait at most.
set -euo pipefail

read -r seconds
k() { kubectl --request-timeout=60s --kubeconfig /etc/kubernetes/admin.conf --namespace flux-system "$@"; }
condition='{range .status.conditions[?(@.type=="Ready")]}{.status}: {.message}{end}'
# Deployments and stateful sets count one way, daemon sets another; what is absent is empty.
counts='{range .items[*]}{.metadata.namespace}/{.metadata.name} {.status.readyReplicas}{.status.numberReady} {.spec.replicas}{.status.desiredNumberScheduled}{"\n"}{end}'
workloads() {
  k get deployments,statefulsets,daemonsets --all-namespaces \
    --selector kustomize.toolkit.fluxcd.io/name=flux-system -o "jsonpath=$counts" 2>/dev/null || echo "- 0 1"
}
starting() { workloads | awk 'NF == 2 { $3 = $2; $2 = 0 } NF > 0 && $2 != $3 { print $1 ": " $2 " of " $3 " pods ready" }'; }

deadline=$((SECONDS + seconds)) said=''
while [ "$SECONDS" -lt "$deadline" ]; do
  # An API server that is busy with the first pods may not answer at once.
  state=$(k get kustomization flux-system -o "jsonpath=$condition" 2>/dev/null || echo "Unknown: no answer")
  case "$state" in
    True:*)
      waiting=$(starting)
      if [ -z "$waiting" ]; then
        echo "$state"
        exit 0
      fi
      state=$waiting
      ;;
  esac
  if [ "$state" != "$said" ]; then echo "$state"; fi
  said=$state
  sleep 3
done
echo "what the repository holds does not run within $seconds s; last seen: $said" >&2
k get gitrepository flux-system -o "jsonpath=source: $condition{\"\n\"}" >&2 || true
exit 1
