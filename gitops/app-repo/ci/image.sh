#!/bin/sh
# Builds the image and pushes it to the environment's registry; it runs where buildah is.
# In the environment: IMAGE, its name and tag; BASE_IMAGE, what it starts from; CI_COMMIT_SHA; REGISTRY_HOST, REGISTRY_USER,
# REGISTRY_PASSWORD, and REGISTRY_CA_FILE, the certificate of the platform's CA.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Where several projects share a runner, the login is no other's.
export REGISTRY_AUTH_FILE="$scratch/auth.json"
mkdir "$scratch/trusted"
cp "$REGISTRY_CA_FILE" "$scratch/trusted/ca.crt"
trusting="--cert-dir=$scratch/trusted"

printenv REGISTRY_PASSWORD | buildah login "$trusting" --username "$REGISTRY_USER" --password-stdin "$REGISTRY_HOST"
buildah build "$trusting" --build-arg BASE_IMAGE="$BASE_IMAGE" --build-arg VERSION="$CI_COMMIT_SHA" --tag "$IMAGE" .
buildah push "$trusting" "$IMAGE"
