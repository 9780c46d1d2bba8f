#!/bin/bash
# Waits until every API server that answers refuses what it must: that a policy exists does not put it in force. Runs after
# api.sh. Files: `rule`, the policy that refuses, and `object.json`, what it refuses, which is sent as a dry run.
# Environment: RULE_SECONDS (to wait at most).
: "${scratch:?is made by api.sh}"
read -r rule <"$scratch/rule"

ask() {
  kube --request-timeout="$((RULE_SECONDS / 6 + 1))s" create --dry-run=server -f "$scratch/object.json" 2>&1 || true
}
deadline=$((SECONDS + RULE_SECONDS))
until_in_force() {
  local answer said=''
  until answer=$(ask) && [[ $answer == *"ValidatingAdmissionPolicy '$rule'"*denied* ]]; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      echo "$server does not refuse by the policy $rule within $RULE_SECONDS s; it last said: ${answer:0:300}" >&2
      exit 1
    fi
    if [ "$answer" != "$said" ]; then echo "waiting for the policy $rule at $server: ${answer:0:300}"; fi
    said=$answer
    sleep 3
  done
  echo "the policies are in force at $server"
}
if ! find_api; then
  echo "no control plane has answered for $PATIENCE s, and whether the policies are in force is not known: see ./grunnmur status" >&2
  exit 1
fi
there() { # a slow one may miss one look
  local try
  for try in 1 2 3; do
    if kube get --raw /readyz --request-timeout=15s >/dev/null 2>&1; then return; fi
    if [ "$try" -lt 3 ]; then sleep 2; fi
  done
  return 1
}
asked=0
for server in $("$KUBECTL" config get-contexts -o name); do
  if there; then
    until_in_force
    asked=$((asked + 1))
  else
    # It reads them before it serves again.
    echo "$server does not answer and was not asked"
  fi
done
if [ "$asked" -eq 0 ]; then
  echo "no control plane answers any more, and whether the policies are in force is not known: run up again" >&2
  exit 1
fi
