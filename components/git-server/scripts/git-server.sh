#!/bin/bash
# Serves Git repositories over SSH from this machine: who may read, who may write, and a first commit where one is given.
# Standard input: base64 tar with `reader.pub`, `writer.pub`, `repositories` (names, one a line; the first is the one that
# the reader may fetch), and for a first commit either `seed/NAME/…` (files) or `NAME.bundle.b64` (a Git bundle).
# Idempotent: a repository that has a commit is never touched.
set -euo pipefail

payload=$(mktemp -d -p /run)
trap 'rm -rf "$payload"' EXIT
base64 -d | tar -xC "$payload"
home=/srv/git
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null

id git >/dev/null 2>&1 || useradd --system --home-dir "$home" git
# sshd runs forced commands through the shell, and git-shell runs nothing but Git's own; both keys are forced below.
# A password of "*" and not "!": sshd takes "!" for a locked account.
usermod --shell /bin/sh --password '*' git
install -d -o root -g root -m 755 "$home"
# The keys belong to root: whoever may push must not be able to let others in.
install -d -m 755 "$home/.ssh"
read -r readable <"$payload/repositories"
{
  printf 'restrict,command="/usr/local/lib/grunnmur/git-read-only %s" %s\n' "$home/$readable.git" "$(cat "$payload/reader.pub")"
  # shellcheck disable=SC2016
  printf 'restrict,command="git-shell -c \\"$SSH_ORIGINAL_COMMAND\\"" %s\n' "$(cat "$payload/writer.pub")"
} >"$home/.ssh/authorized_keys.new"
chmod 644 "$home/.ssh/authorized_keys.new"
mv "$home/.ssh/authorized_keys.new" "$home/.ssh/authorized_keys"

install -d -m 755 /usr/local/lib/grunnmur
cat >/usr/local/lib/grunnmur/git-read-only <<'READ'
#!/bin/sh
# The cluster's key may fetch one repository. Whatever else it asks for is refused.
case "$SSH_ORIGINAL_COMMAND" in
  "git-upload-pack '$1'") exec git-upload-pack "$1" ;;
esac
echo "this key may only fetch $1" >&2
exit 1
READ
chmod 755 /usr/local/lib/grunnmur/git-read-only

as_git() { setpriv --reuid git --regid git --clear-groups env HOME="$home" "$@"; }
while read -r name; do
  repository="$home/$name.git"
  if [ ! -d "$repository" ]; then
    install -d -o git -g git -m 755 "$repository"
    as_git git init -q --bare --initial-branch main "$repository"
  fi
  if as_git git -C "$repository" rev-parse -q --verify main >/dev/null; then continue; fi
  if [ -f "$payload/$name.bundle.b64" ]; then
    base64 -d "$payload/$name.bundle.b64" >"$payload/first"
  elif [ -d "$payload/seed/$name" ]; then
    git -c init.defaultBranch=main init -q "$payload/seed/$name"
    git -C "$payload/seed/$name" add -A
    git -C "$payload/seed/$name" -c user.name=grunnmur -c user.email=grunnmur@localhost commit -qm "Start from the scaffold"
    git -C "$payload/seed/$name" bundle create -q "$payload/first" main
  else
    continue
  fi
  git -C "$repository" -c safe.directory='*' fetch -q "$payload/first" main:main
  chown -R git:git "$repository"
  echo "repository $name has its first commit"
done <"$payload/repositories"
