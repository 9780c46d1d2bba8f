#!/bin/bash
# Waits until the agent has applied what Git holds and all of its pods are ready. Runs after api.sh.
# Environment: SYNC_SECONDS (to wait at most).

k() { kube --request-timeout="$((SYNC_SECONDS / 12 + 1))s" --namespace flux-system "$@"; }
ready='[?(@.type=="Ready")]'
# What is fetched, what is applied, whether both are of the objects as they are now, and how it stands. Flux writes the
# observed generation when it has succeeded with it: until then fetched and applied may be another source's.
generations='{.items[0].metadata.generation}={.items[0].status.observedGeneration} {.items[1].metadata.generation}={.items[1].status.observedGeneration}'
condition="$generations|{.items[0].status.artifact.revision}|{.items[1].status.lastAppliedRevision}|{.items[1].status.conditions$ready.status}: {.items[1].status.conditions$ready.message}"
# Deployments and stateful sets count one way, daemon sets another; what is absent is empty.
counts='{range .items[*]}{.metadata.namespace}/{.metadata.name} {.status.readyReplicas}{.status.numberReady} {.spec.replicas}{.status.desiredNumberScheduled}{"\n"}{end}'
workloads() {
  k get deployments,statefulsets,daemonsets --all-namespaces \
    --selector kustomize.toolkit.fluxcd.io/name=flux-system -o "jsonpath=$counts" 2>/dev/null || echo "- 0 1"
}
starting() { workloads | awk 'NF == 2 { $3 = $2; $2 = 0 } NF > 0 && $2 != $3 { print $1 ": " $2 " of " $3 " pods ready" }'; }

deadline=$((SECONDS + SYNC_SECONDS)) said=''
while [ "$SECONDS" -lt "$deadline" ]; do
  look_for_api || true # the one that answered may be gone
  # An API server that is busy with the first pods may not answer at once.
  answer=$(k get gitrepository/flux-system kustomization/flux-system -o "jsonpath=$condition" 2>/dev/null || echo "|||no answer")
  IFS='|' read -r generation fetched applied state <<<"${answer//$'\n'/ }"
  # While the agent looks whether anything has drifted, it is neither ready nor not.
  if [[ $generation =~ ^([0-9]+)=([0-9]+)\ ([0-9]+)=([0-9]+)$ ]] &&
    [ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ] && [ "${BASH_REMATCH[3]}" = "${BASH_REMATCH[4]}" ] &&
    [ -n "$applied" ] && [ "$applied" = "$fetched" ] && [[ "$state" != False:* ]]; then
    waiting=$(starting)
    if [ -z "$waiting" ]; then
      echo "applied $applied"
      exit 0
    fi
    state=$waiting
  fi
  if [ "$state" != "$said" ]; then echo "$state"; fi
  said=$state
  sleep 3
done
echo "what the repository holds does not run within $SYNC_SECONDS s; last seen: $said" >&2
k get gitrepository flux-system -o "jsonpath=source: {.status.conditions$ready.message}{\"\n\"}" >&2 || true
exit 1
