#!/bin/bash
# Prints on a control plane what the agent has applied: the entries of its inventory as one JSON array, [] where it has none.
set -euo pipefail

entries=$(kubectl --request-timeout=60s --kubeconfig /etc/kubernetes/admin.conf --namespace flux-system \
  get kustomization flux-system --ignore-not-found -o 'jsonpath={.status.inventory.entries}')
echo "${entries:-[]}"
