#!/bin/bash
# Stands before the scripts of disks and domains: `v` is virsh on the hypervisor, `has_volume` and `has_guest` ask it.
# Environment: URI, NAME, POOL, and HOST_KEY (public SSH host key, of a hypervisor that is another machine).
set -euo pipefail

scratch=$(mktemp -d -p /dev/shm) # secrets pass through here
pinned=''
undo=: # what a script does before it fails
trap 'if [ "$?" -ne 0 ]; then ("$undo") || true; fi; rm -rf "$scratch" "$pinned"' EXIT

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
# A child does not hold the lock of its parent, and ends with it when a run is cancelled.
v() { setpriv --pdeathsig TERM virsh -q -c "$connection" "$@" 9>&-; }
# Runs of one machine take turns at what the guests of a hypervisor share.
lock() {
  exec 9>"/run/lock/grunnmur-$(printf %s "$URI" | cksum | cut -d' ' -f1).lock"
  if ! flock -w 3600 9; then
    echo "another run has been busy with $URI for an hour: end it, or wait for it" >&2
    exit 1
  fi
}
# Lists, because asking for one thing cannot tell that it is missing from that the hypervisor did not answer.
listed() { # NAME VIRSH-ARGUMENT…
  local wanted=$1 list
  shift
  list=$(v "$@") || exit 1
  awk -v wanted="$wanted" '$1 == wanted { found = 1 } END { exit !found }' <<<"$list"
}
has_volume() { listed "$1" vol-list "$POOL"; }
has_guest() { listed "$NAME" list --all --name; }
# A guest that runs may have been started before it had the volume.
runs_with() { # VOLUME
  local xml
  if ! has_guest || [ "$(state)" = "shut off" ]; then return 1; fi
  xml=$(v dumpxml "$NAME") || exit 1
  [[ $xml == *"volume='$1'"* || $xml == *"/$1'"* ]]
}
state() { v domstate "$NAME"; }
until_off() { # SECONDS
  local deadline=$((SECONDS + $1))
  until [ "$(state)" = "shut off" ]; do
    if [ "$SECONDS" -ge "$deadline" ]; then return 1; fi
    sleep 1
  done
}
