#!/bin/bash
# Ends the admission of machines that open-admission.sh began: no token that lets one in is left. Idempotent.
set -euo pipefail

kubectl --kubeconfig /etc/kubernetes/admin.conf delete secrets -n kube-system \
  --field-selector type=bootstrap.kubernetes.io/token
