#!/bin/bash
# Has the system's own pods trust another generation of the cluster's authorities: waits until pods of every namespace are given
# it, then starts them anew, one workload after the other, for not every program looks twice. Runs after api.sh.
# Environment: NEWEST, the generation; nothing is done for the first. Beside the kubeconfig: `ca.crt`, all that is trusted.
# Idempotent: what was started anew for a generation is not again.
: "${scratch:?is made by api.sh}"
if [ "$NEWEST" = 0 ]; then exit 0; fi
if ! find_api; then
  echo "no control plane has answered for $PATIENCE s, so pods do not trust the new authorities yet: see ./grunnmur status" >&2
  exit 1
fi

not_given() { # prints namespaces
  local template
  template="{{range .items}}{{if ne (index .data \"ca.crt\") \`$(cat "$scratch/ca.crt")
\`}}{{.metadata.namespace}} {{end}}{{end}}"
  kube get configmaps -A --field-selector metadata.name=kube-root-ca.crt -o go-template="$template"
}
deadline=$((SECONDS + PATIENCE))
until missing=$(not_given) && [ -z "$missing" ]; do
  if [ "$SECONDS" -ge "$deadline" ]; then
    echo "the controller manager has not given pods the new authorities within $PATIENCE s: ${missing:-it cannot be asked}. See ./grunnmur doctor" >&2
    exit 1
  fi
  sleep 2
done

annotation="{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"grunnmur.internal/authorities\":\"$NEWEST\"}}}}}"
for namespace in kube-system flux-system; do
  for workload in $(kube get daemonsets,deployments -n "$namespace" -o name); do
    kube patch "$workload" -n "$namespace" --type=merge -p "$annotation" >/dev/null
    if ! kube rollout status "$workload" -n "$namespace" --timeout="${PATIENCE}s" >/dev/null 2>"$scratch/error"; then
      echo "$workload in $namespace was started anew and is not ready after $PATIENCE s: $(tail -n 1 "$scratch/error")" >&2
      exit 1
    fi
  done
done
echo "what runs in kube-system and flux-system trusts the authorities of generation $((NEWEST + 1))"
