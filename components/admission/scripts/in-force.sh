#!/bin/bash
# Waits on a control plane until every API server refuses what it must: that a policy exists does not put it in force.
# Standard input: lines of `seconds NUMBER` (to wait at most), `server URL`, and `probe RULE OBJECT-AS-JSON`.
# Nothing is made: each object is sent as a dry run.
set -euo pipefail

servers=() rules=() objects=() seconds=600
while read -r word first rest; do
  case "$word" in
    seconds) seconds=$first ;;
    server) servers+=("$first") ;;
    probe) rules+=("$first") objects+=("$rest") ;;
  esac
done
if [ ${#servers[@]} -eq 0 ] || [ ${#rules[@]} -eq 0 ]; then
  echo "nothing to ask: received ${#servers[@]} servers and ${#rules[@]} probes" >&2
  exit 1
fi

ask() { # SERVER OBJECT
  kubectl --request-timeout="$((seconds / 6 + 1))s" --kubeconfig /etc/kubernetes/admin.conf --server "$1" \
    create --dry-run=server -f - <<<"$2" 2>&1 || true
}
deadline=$((SECONDS + seconds))
for server in "${servers[@]}"; do
  for i in "${!rules[@]}"; do
    said=''
    until answer=$(ask "$server" "${objects[$i]}") && [[ $answer == *"ValidatingAdmissionPolicy '${rules[$i]}'"*denied* ]]; do
      if [ "$SECONDS" -ge "$deadline" ]; then
        echo "$server does not refuse by the policy ${rules[$i]} within $seconds s; it last said: ${answer:0:300}" >&2
        exit 1
      fi
      if [ "$answer" != "$said" ]; then echo "waiting for the policy ${rules[$i]} at $server: ${answer:0:300}"; fi
      said=$answer
      sleep 3
    done
  done
  echo "the policies are in force at $server"
done
