#!/bin/bash
# Stands before domain-up.sh and domain-down.sh: `v` is virsh on the hypervisor, `has_volume` and `has_guest` ask it.
# Environment: URI, NAME, POOL, and HOST_KEY (public SSH host key, of a hypervisor that is another machine).
set -euo pipefail

scratch=$(mktemp -d -p /dev/shm) # secrets pass through here
pinned=''
trap 'rm -rf "$scratch" "$pinned"' EXIT

connection=$URI
if [ -n "${HOST_KEY:-}" ]; then
  # libvirt gives ssh neither options nor our environment, but it can be told which program is ssh.
  pinned=$(mktemp -d /tmp/grunnmur-ssh.XXXXXX)
  echo "hypervisor $HOST_KEY" >"$pinned/known_hosts"
  # Options of a command line come before those of the user's own configuration.
  cat >"$pinned/ssh" <<SSH
#!/bin/sh
exec ssh -o StrictHostKeyChecking=yes -o UserKnownHostsFile=$pinned/known_hosts -o GlobalKnownHostsFile=/dev/null \\
  -o HostKeyAlias=hypervisor -o HostKeyAlgorithms=ssh-ed25519 -o VerifyHostKeyDNS=no -o KnownHostsCommand=none \\
  -o UpdateHostKeys=no -o ControlPath=none -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=30 "\$@"
SSH
  chmod 700 "$pinned/ssh"
  connection="$URI?command=$pinned/ssh"
fi
v() { virsh -q -c "$connection" "$@"; }
# Lists, because asking for one thing cannot tell that it is missing from that the hypervisor did not answer.
listed() { # NAME VIRSH-ARGUMENT…
  local wanted=$1 list
  shift
  list=$(v "$@") || exit 1
  awk -v wanted="$wanted" '$1 == wanted { found = 1 } END { exit !found }' <<<"$list"
}
has_volume() { listed "$1" vol-list "$POOL"; }
has_guest() { listed "$NAME" list --all --name; }
