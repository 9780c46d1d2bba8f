#!/bin/bash
# Takes back what lets this machine tell the cluster's agent of a push.
# Environment, for tests: GIT_HOME, LIBRARY, NOTICE.
# Idempotent.
set -euo pipefail

home=${GIT_HOME:-/srv/git} library=${LIBRARY:-/usr/local/lib/grunnmur} notice=${NOTICE:-/etc/grunnmur/push-notice}
rm -rf "$notice" "$library/config-hooks"
if [ -d "$home/config.git" ]; then
  GIT_CONFIG_GLOBAL=/dev/null git -c safe.directory='*' -C "$home/config.git" config --unset-all core.hooksPath || true
fi
