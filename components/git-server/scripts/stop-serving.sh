#!/bin/bash
# Ends serving Git from this machine: no key opens it any more. The repositories stay, for only a person may delete them.
# Environment, for tests: GIT_HOME, GIT_USER.
# Idempotent.
set -euo pipefail

home=${GIT_HOME:-/srv/git} user=${GIT_USER:-git}
rm -f "$home/.ssh/authorized_keys" "$home/.ssh/authorized_keys.new"
if id "$user" >/dev/null 2>&1; then usermod --shell /usr/sbin/nologin "$user"; fi
for repository in "$home"/*.git; do
  if [ -d "$repository" ]; then echo "Git is served no longer; $repository stays on this machine until somebody deletes it"; fi
done
