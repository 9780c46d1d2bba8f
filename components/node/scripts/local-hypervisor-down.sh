#!/bin/bash
# Takes down everything that one local environment runs on this machine, and removes its folder.
# Environment: STACK, ENV_DIR. Idempotent; also clears what an interrupted run left.
set -euo pipefail

namespace="grunnmur-$STACK"

case "$ENV_DIR" in
  */environments/"$STACK") ;;
  *)
    echo "ENV_DIR is '$ENV_DIR'; it must end in /environments/$STACK, so that nothing else is ever removed" >&2
    exit 1
    ;;
esac

# Ends a process and waits until it is gone: asked first, then forced after ten seconds, or more on a slow machine.
end() {
  kill "$1" 2>/dev/null || return 0
  for _ in $(seq $((100 * ${GRUNNMUR_PATIENCE:-1}))); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -9 "$1" 2>/dev/null || true
}

# All forwarders: one that another took the place of lives until the last connection through it ends.
for process in /proc/[0-9]*; do
  if tr '\0' '\n' 2>/dev/null <"$process/cmdline" | grep -xF -- "$ENV_DIR/forward.cfg" >/dev/null; then end "${process#/proc/}"; fi
done

# Another home may have an environment of the same name; the namespace's inode tells whose it is. One in which nothing runs
# was left by a run that was interrupted before it could note the inode.
if [ -e "/run/netns/$namespace" ]; then
  owner=$(cat "$ENV_DIR/namespace" 2>/dev/null || true)
  pids=$(ip netns pids "$namespace")
  if [ -z "$pids" ] || [ "$(stat -Lc %i "/run/netns/$namespace")" = "$owner" ]; then
    for pid in $pids; do end "$pid"; done
    ip netns delete "$namespace"
    echo "network namespace $namespace and all that ran in it removed"
  fi
fi

rm -rf "$ENV_DIR"
