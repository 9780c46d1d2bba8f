#!/bin/bash
# Lets this machine's Git server tell the cluster's agent of each push to the branch that it follows.
# Standard input: base64 tar with `ca.pem`, `client.pem`, `client.key`, `servers` (addresses of API servers, one a line) and
# `seconds` (how often the agent looks by itself).
# Environment, for tests: GIT_HOME, GIT_USER, LIBRARY, NOTICE (folder of the certificate), NOTICE_PORT.
# Idempotent.
set -euo pipefail

home=${GIT_HOME:-/srv/git} user=${GIT_USER:-git} library=${LIBRARY:-/usr/local/lib/grunnmur}
notice=${NOTICE:-/etc/grunnmur/push-notice} port=${NOTICE_PORT:-6443}
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null

install -d -m 755 "$(dirname "$notice")"
install -d -o root -g "$user" -m 750 "$notice"
umask 027
# One file after the other in place of its old self: a push meanwhile finds either.
fresh=$(mktemp -d -p /run)
trap 'rm -rf "$fresh"' EXIT
base64 -d | tar -xC "$fresh" --no-same-owner
for file in ca.pem client.pem client.key servers seconds; do
  install -o root -g "$user" -m 640 "$fresh/$file" "$notice/.$file"
  mv "$notice/.$file" "$notice/$file"
done

# The hook is root's: whoever pushes runs as the account that serves, and must not write what it runs.
install -d -m 755 "$library" "$library/config-hooks"
cat >"$library/config-hooks/.post-receive" <<HOOK
#!/bin/bash
# Tells the cluster's agent that the branch which it follows has moved. A push holds whether or not that succeeds.
set -uo pipefail
notice='$notice' port='$port'
HOOK
cat >>"$library/config-hooks/.post-receive" <<'HOOK'
followed=$(git symbolic-ref HEAD)
moved=''
while read -r _ new ref; do
  if [ "$ref" = "$followed" ]; then moved=$new; fi
done
if [ -z "$moved" ]; then exit 0; fi
object=apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories/flux-system
body="{\"metadata\":{\"annotations\":{\"reconcile.fluxcd.io/requestedAt\":\"$(date -u +%FT%T.%NZ) $moved\"}}}"
why='no API server is known'
while read -r server; do
  if why=$(curl --silent --show-error --fail --max-time 30 --output /dev/null \
    --cacert "$notice/ca.pem" --cert "$notice/client.pem" --key "$notice/client.key" \
    --request PATCH --header 'Content-Type: application/merge-patch+json' --data "$body" \
    "https://$server:$port/$object?fieldManager=git-server" 2>&1); then
    echo "grunnmur: the cluster's agent knows of ${moved:0:12} and fetches it now"
    exit 0
  fi
done <"$notice/servers"
echo "grunnmur: the cluster's agent could not be told of ${moved:0:12} (${why##*$'\n'}); it looks by itself every $(cat "$notice/seconds") s"
HOOK
chmod 755 "$library/config-hooks/.post-receive"
mv "$library/config-hooks/.post-receive" "$library/config-hooks/post-receive"
setpriv --reuid "$user" --regid "$user" --clear-groups env HOME="$home" \
  git -C "$home/config.git" config core.hooksPath "$library/config-hooks"
echo "pushes to config are told to the agent"
