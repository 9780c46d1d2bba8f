#!/bin/bash
# Hypervisors that are other machines, on this one: for each a network namespace, a mount namespace, a libvirt daemon and an SSH
# server, joined by a bridge in a namespace from which they are reached, and which has no way out.
#
# usage: rig.sh up DIR NAMESPACE CIDR-OF-BRIDGE NUMBER…    hypervisor NUMBER answers at that number of the bridge's /24
#        rig.sh lose DIR NAMESPACE NUMBER                  one is no more: its guests, daemons and network
#        rig.sh down DIR NAMESPACE
# `up` leaves in DIR: key (a person's, for the user grunnmur, who is not root), and in DIR/NUMBER host.pub. Each has the bridge
# br0 and the storage pools nvme and full, of 200 MiB. The SSH server is Debian's, unpacked into DIR and not installed.
set -euo pipefail

dir=$2 namespace=$3

namespaces() { ip netns list | awk -v name="$namespace" '$1 == name || index($1, name "-") == 1 { print $1 }'; }
# Each daemon and guest of a namespace; they are all the rig's own.
end_all() { # NAMESPACE
  local pids pid deadline=$((SECONDS + 60))
  mapfile -t pids < <(ip netns pids "$1")
  for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  while [ -n "$(ip netns pids "$1")" ]; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      echo "processes of $1 do not end: $(ip netns pids "$1" | tr '\n' ' ')" >&2
      exit 1
    fi
    sleep 0.2
  done
  ip netns delete "$1"
}

fetch_sshd() {
  if [ -x "$dir/ssh/usr/sbin/sshd" ]; then return; fi
  mkdir -p "$dir/ssh"
  (cd "$dir/ssh" && apt-get download -q openssh-server libwrap0 >"$dir/ssh.log" 2>&1) || {
    cat "$dir/ssh.log" >&2
    exit 1
  }
  for package in "$dir"/ssh/*.deb; do dpkg-deb -x "$package" "$dir/ssh"; done
}

hypervisor() { # NUMBER
  local number=$1 own="$dir/$1" net="$namespace-$1" address="${cidr%.*}.$1/${cidr#*/}"
  mkdir -p "$own"/{etc,run/libvirt,run/sshd,lib,log/qemu,cache,pool,full,home/.ssh}
  chmod 755 "$own" "$own/run" "$own/run/sshd"
  ip netns add "$net"
  ip -n "$net" link set lo up
  ip -n "$net" link add br0 type bridge
  ip -n "$net" address add "$address" dev br0
  ip -n "$net" link add up0 type veth peer name "to-$number" netns "$namespace"
  ip -n "$net" link set up0 master br0
  ip -n "$net" link set br0 up
  ip -n "$net" link set up0 up
  ip -n "$namespace" link set "to-$number" master br0
  ip -n "$namespace" link set "to-$number" up

  cat >"$own/etc/libvirtd.conf" <<CONF
unix_sock_group = "libvirt"
unix_sock_rw_perms = "0770"
auth_unix_ro = "none"
auth_unix_rw = "none"
CONF
  cat >"$own/etc/qemu.conf" <<CONF
user = "root"
group = "root"
cgroup_controllers = []
namespaces = []
remember_owner = 0
security_driver = "none"
stdio_handler = "file"
CONF
  {
    cat /etc/passwd
    grep -q '^sshd:' /etc/passwd || echo "sshd:x:60000:65534::/run/sshd:/usr/sbin/nologin"
    echo "grunnmur:x:60001:60001::$own/home:/bin/sh"
  } >"$own/passwd"
  {
    sed 's/^\(libvirt:.*:\)$/\1grunnmur/; s/^\(libvirt:.*[^:]\)$/\1,grunnmur/; s/,grunnmur,grunnmur$/,grunnmur/' /etc/group
    echo "grunnmur:x:60001:"
  } >"$own/group"
  ssh-keygen -q -t ed25519 -N '' -C '' -f "$own/host"
  cp "$dir/key.pub" "$own/home/.ssh/authorized_keys"
  chown -R 60001:60001 "$own/home"
  cat >"$own/sshd_config" <<CONF
Port 22
HostKey $own/host
PidFile $own/sshd.pid
AllowUsers grunnmur
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
MaxStartups 100
CONF
  # shellcheck disable=SC2016
  ip netns exec "$net" unshare --mount --propagation private bash -c '
    set -e
    mount --bind "$0/passwd" /etc/passwd
    mount --bind "$0/group" /etc/group
    mkdir -p /etc/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt
    mount --bind "$0/etc" /etc/libvirt
    mount --bind "$0/lib" /var/lib/libvirt
    mount --bind "$0/log" /var/log/libvirt
    mount --bind "$0/cache" /var/cache/libvirt
    mount -t tmpfs -o size=200m full "$0/full"
    mount --bind "$0/run" /run
    libvirtd --daemon --pid-file /run/libvirtd.pid
    LD_LIBRARY_PATH=$(dirname "$(find "$1" -name "libwrap.so.*" | head -n 1)") exec "$1/usr/sbin/sshd" -f "$0/sshd_config" -E "$0/sshd.log"
  ' "$own" "$dir/ssh" </dev/null >>"$own/start.log" 2>&1
  echo "hypervisor ${address%/*} stands"
}

pools() { # NUMBER
  local own="$dir/$1" deadline=$((SECONDS + 60)) pool
  v() { virsh -q -c "qemu:///system?socket=$own/run/libvirt/libvirt-sock" "$@"; }
  until v uri >/dev/null 2>&1; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      cat "$own/start.log" >&2
      exit 1
    fi
    sleep 0.2
  done
  for pool in nvme full; do
    v pool-define-as "$pool" dir --target "$own/${pool/nvme/pool}" >/dev/null
    v pool-start "$pool" >/dev/null
    v pool-autostart "$pool" >/dev/null
  done
}

case $1 in
  up)
    cidr=$4
    shift 4
    umask 022
    mkdir -p "$dir"
    chmod 711 "$dir" # users other than root have their homes below
    fetch_sshd
    ssh-keygen -q -t ed25519 -N '' -C rig -f "$dir/key"
    ip netns add "$namespace"
    ip -n "$namespace" link set lo up
    ip -n "$namespace" link add br0 type bridge
    ip -n "$namespace" address add "$cidr" dev br0
    ip -n "$namespace" link set br0 up
    for number in "$@"; do
      hypervisor "$number"
      pools "$number"
    done
    ;;
  lose) end_all "$namespace-$4" ;;
  down) for each in $(namespaces); do end_all "$each"; done ;;
  *)
    sed -n '5,7p' "$0" >&2
    exit 1
    ;;
esac
