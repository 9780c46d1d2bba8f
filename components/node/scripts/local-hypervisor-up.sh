#!/bin/bash
# Brings up the network namespace, the libvirt daemon and the loopback forwarder of one local environment.
# Environment: STACK, ENV_DIR, GATEWAY (address/prefix of the bridge). Standard input: the forwarder's configuration.
# Idempotent: what stands already is left alone; says what it changed.
set -euo pipefail

namespace="grunnmur-$STACK"
libvirt="$ENV_DIR/libvirt"
umask 077
mkdir -p "$ENV_DIR/disks" "$libvirt"/{etc,run,lib,log,cache}
cat >"$ENV_DIR/forward.cfg"

alive() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null && grep -qF "$2" "/proc/$(cat "$1")/cmdline"; }

# The namespace's inode tells whose it is: another home may have an environment of the same name. One that is nobody's by
# its inode and in which nothing runs was left by a run that was interrupted before it could note the inode.
inode() { stat -Lc %i "/run/netns/$namespace"; }
if [ -e "/run/netns/$namespace" ] && [ "$(inode)" != "$(cat "$ENV_DIR/namespace" 2>/dev/null)" ]; then
  if [ -n "$(ip netns pids "$namespace")" ]; then
    echo "the network namespace $namespace is there already and is not this environment's: destroy the other one first" >&2
    exit 1
  fi
  ip netns delete "$namespace"
fi
if [ ! -e "/run/netns/$namespace" ]; then
  ip netns add "$namespace"
  inode >"$ENV_DIR/namespace"
  echo "network namespace $namespace made, with no route out"
fi
ip -n "$namespace" link set lo up
if ! ip -n "$namespace" link show br0 >/dev/null 2>&1; then
  ip -n "$namespace" link add br0 type bridge
  echo "bridge br0 with $GATEWAY made"
fi
ip -n "$namespace" address replace "$GATEWAY" dev br0
ip -n "$namespace" link set br0 up

cat >"$libvirt/etc/libvirtd.conf" <<CONF
auth_unix_ro = "none"
auth_unix_rw = "none"
CONF
# Guests are contained by the namespace; the machine's own cgroups and security labels are not ours to change.
cat >"$libvirt/etc/qemu.conf" <<CONF
user = "root"
group = "root"
cgroup_controllers = []
namespaces = []
remember_owner = 0
security_driver = "none"
stdio_handler = "file"
CONF

# Every libvirtd has the same command line; ours runs in our namespace.
in_namespace() { ip netns pids "$namespace" | grep -xF "$(cat "$1")" >/dev/null; }
if ! alive "$libvirt/run/libvirtd.pid" libvirtd || ! in_namespace "$libvirt/run/libvirtd.pid"; then
  mkdir -p /run/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt /etc/libvirt
  # A mount namespace of its own gives this daemon its own sockets, state and configuration beside any other libvirt.
  # shellcheck disable=SC2016
  ip netns exec "$namespace" unshare --mount --propagation private bash -c '
    set -e
    mount --bind "$0/etc" /etc/libvirt
    mount --bind "$0/run" /run/libvirt
    mount --bind "$0/lib" /var/lib/libvirt
    mount --bind "$0/log" /var/log/libvirt
    mount --bind "$0/cache" /var/cache/libvirt
    exec libvirtd --daemon --pid-file /run/libvirt/libvirtd.pid
  ' "$libvirt" </dev/null >>"$libvirt/log/start.log" 2>&1
  echo "libvirtd started in $namespace"
fi
uri="qemu:///system?socket=$libvirt/run/libvirt-sock"
limit=$((60 * ${GRUNNMUR_PATIENCE:-1}))
deadline=$((SECONDS + limit))
until timeout "$((limit / 6))" virsh -q -c "$uri" uri >/dev/null 2>&1; do
  if [ "$SECONDS" -ge "$deadline" ]; then
    echo "libvirtd did not answer on $libvirt/run/libvirt-sock within $limit s; its log ends:" >&2
    tail -n 20 "$libvirt"/log/*.log >&2 || true
    exit 1
  fi
  sleep 0.2
done

haproxy -c -q -f "$ENV_DIR/forward.cfg"
if alive "$ENV_DIR/forward.pid" "$ENV_DIR/forward.cfg"; then
  haproxy -D -f "$ENV_DIR/forward.cfg" -p "$ENV_DIR/forward.pid" -sf "$(cat "$ENV_DIR/forward.pid")"
else
  haproxy -D -f "$ENV_DIR/forward.cfg" -p "$ENV_DIR/forward.pid"
fi
echo "loopback forwarder running"
