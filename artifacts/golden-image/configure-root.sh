#!/bin/bash
# Turns a plain Debian root filesystem into a node: our files, users, and only the units that a node needs.
#
# usage: configure-root.sh ROOT PAUSE_IMAGE
# needs root
set -euo pipefail

root=$1
pause=$2
here=$(dirname "$(readlink -f "$0")")

cp -rT --no-preserve=ownership "$here/rootfs" "$root"
find "$root/etc" -name .gitkeep -delete
sed -i "s|@PAUSE@|$pause|" "$root/etc/containerd/config.toml"

# kubeadm, the manifests and the runtime look for network plugins where upstream puts them.
mkdir -p "$root/opt/cni" "$root/etc/cni/net.d" "$root/etc/containerd/certs.d" "$root/etc/kubernetes/manifests"
ln -sfn /usr/lib/cni "$root/opt/cni/bin"

# "*" and not "!": sshd takes "!" for a locked account and refuses its keys too.
chroot "$root" useradd --system --create-home --home-dir /srv/git --shell /usr/bin/git-shell --password '*' git
chroot "$root" useradd --system --create-home --home-dir /var/lib/registry --shell /usr/sbin/nologin registry

# Empty, so that systemd gives each machine an id of its own without taking it for a machine with no settings at all.
: >"$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id" "$root"/etc/ssh/ssh_host_*
echo grunnmur >"$root/etc/hostname"
printf '127.0.0.1 localhost\n' >"$root/etc/hosts"
rm -f "$root/etc/resolv.conf"
: >"$root/etc/resolv.conf"
rm -f "$root/etc/fstab"
install -d -m 0700 "$root/root/.ssh"
install -d "$root/var/log/journal"

# Modules are stored packed; unpacking them at every boot costs an emulated guest more than the disk they save.
find "$root/usr/lib/modules" -name '*.ko.xz' -exec xz -d {} +
chroot "$root" depmod "$(ls "$root/usr/lib/modules")"

# Debian starts a proxy as soon as it is installed, with nothing to serve; nodes that need one enable it.
chroot "$root" systemctl disable --quiet haproxy.service
chroot "$root" systemctl enable --quiet systemd-networkd.service grunnmur-grow.service \
  grunnmur-data.service grunnmur-data-registry.service grunnmur-quota.slice
chroot "$root" systemctl set-default --quiet multi-user.target

mask() {
  for unit in "$@"; do
    ln -sfn /dev/null "$root/etc/systemd/system/$unit"
  done
}

# There are no passwords, so nobody can log in at a console.
mask getty@.service getty@tty1.service getty-static.service serial-getty@.service console-getty.service getty.target \
  systemd-ask-password-console.path systemd-ask-password-wall.path

# A node is replaced by a new image; nothing is installed or tidied on it in the middle of the day.
mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer

# No TPM, hibernation, battery, crash store, debugging mounts or huge pages on these machines.
mask systemd-tpm2-setup.service systemd-tpm2-setup-early.service systemd-pcrmachine.service systemd-pcrphase.service \
  systemd-pcrphase-sysinit.service systemd-pcrextend.socket systemd-pcrlock.socket systemd-pstore.service \
  systemd-hibernate-clear.service systemd-battery-check.service systemd-bsod.service systemd-sysext.socket \
  systemd-creds.socket systemd-initctl.socket systemd-binfmt.service proc-sys-fs-binfmt_misc.automount \
  sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount sys-kernel-config.mount \
  dev-hugepages.mount dev-mqueue.mount run-lock.mount tmp.mount modprobe@.service kmod-static-nodes.service \
  sshd-unix-local.socket

# Done once while the image is made, or by the initrd, or by the hypervisor's random number device.
mask systemd-firstboot.service systemd-sysusers.service systemd-hwdb-update.service ldconfig.service \
  systemd-journal-catalog-update.service systemd-update-done.service sshd-keygen.service systemd-remount-fs.service \
  systemd-tmpfiles-setup-dev-early.service systemd-tmpfiles-setup-dev.service systemd-random-seed.service \
  systemd-udev-load-credentials.service systemd-network-generator.service systemd-networkd-persistent-storage.service \
  systemd-networkd-wait-online.service systemd-timesyncd.service remote-fs.target

# "No logins yet" has to be lifted by one more unit; sshd alone says when there are logins.
mask systemd-user-sessions.service
ln -sfn /dev/null "$root/etc/tmpfiles.d/systemd-nologin.conf"

# Each generator is a program that every boot runs to find that there is nothing to do.
mkdir -p "$root/etc/systemd/system-generators"
for generator in debug getty gpt-auto hibernate-resume rc-local ssh system-update sysv tpm2; do
  ln -sfn /dev/null "$root/etc/systemd/system-generators/systemd-$generator-generator"
done
