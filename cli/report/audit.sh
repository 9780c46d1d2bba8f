#!/bin/sh
# Prints of a control plane's audit logs the oldest line of all, and then what was written by people, by tools and by the agent, the
# oldest first. The cluster's own parts write all the time, and are left out here, where the logs are.
set -u

cd "${1:-/var/log/kubernetes}" || exit
logs() { cat audit-*.log audit.log 2>/dev/null; }
logs | head -n 1
logs | grep -E '"verb":"(create|update|patch|delete|deletecollection)"' | grep -v 'dryRun=All' |
  grep -E '"user":\{"username":"([^s]|s[^y])|"system:serviceaccount:flux-system:config-reconciler"' | tail -n 5000
exit 0
