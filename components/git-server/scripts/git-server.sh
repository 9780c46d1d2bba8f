#!/bin/bash
# Serves Git repositories over SSH from this machine: who may read, who may write, and which branch is each one's own.
# Standard input: base64 tar with `reader.pub`, `writer.pub`, and `repositories`, lines of NAME BRANCH; the first is the one
# that the reader may fetch.
# Environment, for tests: GIT_HOME, GIT_USER, LIBRARY.
# Idempotent. What a repository holds is never touched: a branch that is new to it starts where its branch was until now.
set -euo pipefail

home=${GIT_HOME:-/srv/git} user=${GIT_USER:-git} library=${LIBRARY:-/usr/local/lib/grunnmur}
payload=$(mktemp -d -p /run)
trap 'rm -rf "$payload"' EXIT
base64 -d | tar -xC "$payload"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null

id "$user" >/dev/null 2>&1 || useradd --system --home-dir "$home" "$user"
# sshd runs forced commands through the shell, and git-shell runs nothing but Git's own; both keys are forced below.
# A password of "*" and not "!": sshd takes "!" for a locked account.
usermod --shell /bin/sh --password '*' "$user"
install -d -o root -g root -m 755 "$home"
# The keys belong to root: whoever may push must not be able to let others in.
install -d -m 755 "$home/.ssh"
read -r readable _ <"$payload/repositories"
{
  printf 'restrict,command="%s/git-read-only %s" %s\n' "$library" "$home/$readable.git" "$(cat "$payload/reader.pub")"
  # shellcheck disable=SC2016
  printf 'restrict,command="git-shell -c \\"$SSH_ORIGINAL_COMMAND\\"" %s\n' "$(cat "$payload/writer.pub")"
} >"$home/.ssh/authorized_keys.new"
chmod 644 "$home/.ssh/authorized_keys.new"
mv "$home/.ssh/authorized_keys.new" "$home/.ssh/authorized_keys"

install -d -m 755 "$library"
cat >"$library/git-read-only" <<'READ'
#!/bin/sh
# The cluster's key may fetch one repository. Whatever else it asks for is refused.
case "$SSH_ORIGINAL_COMMAND" in
  "git-upload-pack '$1'") exec git-upload-pack "$1" ;;
esac
echo "this key may only fetch $1" >&2
exit 1
READ
chmod 755 "$library/git-read-only"

as_git() { setpriv --reuid "$user" --regid "$user" --clear-groups env HOME="$home" "$@"; }
while read -r name branch; do
  repository="$home/$name.git"
  install -d -o "$user" -g "$user" -m 755 "$repository"
  # What root once wrote here, nobody who pushes could change.
  find "$repository" ! -user "$user" -exec chown -h "$user:$user" {} +
  as_git git init -q --bare "$repository"
  own() { as_git git -C "$repository" "$@"; }
  # What a pipeline says with its push to a GitLab, which opens a merge request by it, is taken here too, and nothing comes of it.
  own config receive.advertisePushOptions true
  before=$(own symbolic-ref --short HEAD)
  if [ "$before" = "$branch" ]; then continue; fi
  if own rev-parse -q --verify "refs/heads/$branch" >/dev/null; then
    echo "repository $name: the branch is now $branch, which it has already"
  elif own rev-parse -q --verify "refs/heads/$before" >/dev/null; then
    own branch "$branch" "$before"
    echo "repository $name: the branch is now $branch, made where $before stands"
  fi
  own symbolic-ref HEAD "refs/heads/$branch"
done <"$payload/repositories"
