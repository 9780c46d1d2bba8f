#!/bin/bash
# Ends the membership of NODE before its machine goes: empties it, takes its member out of etcd, deletes the Node. Runs after
# api.sh and leaving.sh, through a control plane that is another one, so the machine may be dead.
# Environment: NODE, ADDRESS, ROLE. Idempotent.
if ! find_api "$NODE"; then
  if [ "$("$KUBECTL" config get-contexts -o name)" = "$NODE" ]; then
    echo "$NODE is the only control plane, and the cluster is what is on its disk: add two others first, or destroy the environment" >&2
  else
    echo "no other control plane has answered for $PATIENCE s, and $NODE does not leave the cluster without one: see ./grunnmur status" >&2
  fi
  exit 1
fi
if [ "$ROLE" = control-plane ]; then find_member "$NODE" "$ADDRESS"; fi
empty "$NODE"
if [ "$ROLE" = control-plane ]; then remove_member "$NODE"; fi
forget "$NODE"
