#!/bin/bash
# Makes the token with which the nodes of this run may join; it lives half an hour.
# Standard input: the token. It is no argument of any command.
set -euo pipefail

read -r token
expires=$(date -u -d '+30 minutes' +%Y-%m-%dT%H:%M:%SZ)
kubectl --kubeconfig /etc/kubernetes/admin.conf apply -f - <<YAML
apiVersion: v1
kind: Secret
metadata:
  name: bootstrap-token-${token%%.*}
  namespace: kube-system
type: bootstrap.kubernetes.io/token
stringData:
  token-id: "${token%%.*}"
  token-secret: "${token##*.}"
  expiration: "$expires"
  usage-bootstrap-authentication: "true"
  usage-bootstrap-signing: "true"
  auth-extra-groups: system:bootstrappers:kubeadm:default-node-token
YAML
