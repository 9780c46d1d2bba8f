# shellcheck shell=bash disable=SC2154
# Stands after virsh.sh: whose the guest NAME and a disk of it are. Environment: OWNER (identifies the state that makes them).
# The mark of a disk is a volume `DISK.owner.ID`: its name says whose, at once and whole, and its content says who made it.
# The mark of a guest is in its metadata.

disk=$NAME # the scripts of data disks say another
marks() { # prints the owners' IDs
  local list
  list=$(v vol-list "$POOL") || exit 1
  awk -v prefix="$disk.owner." 'index($1, prefix) == 1 { print substr($1, length(prefix) + 1) }' <<<"$list"
}
maker() { # ID
  v vol-download --pool "$POOL" "$disk.owner.$1" "$scratch/owner" >/dev/null 2>&1 || true
  tr -d '\0' <"$scratch/owner" 2>/dev/null || true
}
guest_owner() {
  local xml
  xml=$(v dumpxml --inactive "$NAME") || exit 1
  sed -n "s|.*<grunnmur:owner .*id=['\"]\([0-9a-f]*\)['\"].*|\1|p" <<<"$xml"
}
refuse() { # WHAT OWNER-ID, empty where nothing says whose it is
  {
    if [ -n "$2" ]; then
      echo "the $1 $disk on $URI is another's: its owner is $2 ($(maker "$2")), and this state's is $OWNER. It is left as it is."
    else
      echo "the $1 $disk on $URI bears no owner's mark: it was made by hand or by an older grunnmur. It is left as it is."
    fi
    echo "If it is yours all the same (a lost state), adopt it on purpose on the hypervisor, and run this again:"
    echo "  virsh vol-create-as $POOL $disk.owner.$OWNER 1 --format raw"
    if [ -n "$2" ]; then echo "  virsh vol-delete --pool $POOL $disk.owner.$2"; fi
    echo "If it is not, give this node another name."
  } >&2
  exit 1
}
# Succeeds where the disk is ours, fails where there is none, and ends the run where it is another's.
own_disk() {
  local found other
  found=$(marks) || exit 1 # the caller asks with `if`, where a failure would pass for "none"
  other=$(grep -vxF "$OWNER" <<<"$found" | head -n 1 || true)
  if [ -n "$other" ]; then refuse disk "$other"; fi
  if [ -n "$found" ]; then return 0; fi
  if has_volume "$disk.qcow2" || has_volume "$disk.seed"; then refuse disk ''; fi
  return 1
}
mark_disk() {
  printf 'stack %s, made by %s@%s on %s' "$STACK" "$(id -un)" "$(uname -n)" "$(date -u +%FT%TZ)" >"$scratch/mark"
  v vol-create-as "$POOL" "$disk.owner.$OWNER" "$(stat -c %s "$scratch/mark")" --format raw >/dev/null
  # Two who begin at once see each other's mark now, and neither goes on.
  if ! (own_disk); then
    v vol-delete --pool "$POOL" "$disk.owner.$OWNER" >/dev/null
    exit 1
  fi
  v vol-upload --pool "$POOL" "$disk.owner.$OWNER" "$scratch/mark"
}
# What was begun of a disk that is not there. Pulumi removes only what was made, so a script that fails before leaves nothing.
take_back() {
  local volume
  if [ "$(marks)" != "$OWNER" ] || has_volume "$disk.qcow2"; then return; fi
  # The mark goes last: what is left without one is nobody's.
  for volume in "$disk.seed" "$disk.owner.$OWNER"; do
    if has_volume "$volume"; then v vol-delete --pool "$POOL" "$volume" >/dev/null || return; fi
  done
  sweep_images
}
# Golden volumes of ours over which no disk lies any more. Under the lock, so that none is between its image and its disk.
sweep_images() {
  local list used
  list=$(v vol-list "$POOL" | awk '{ print $1 }')
  grep -q "^golden-.*\.$OWNER\." <<<"$list" || return 0
  used=$(while read -r volume; do
    case "$volume" in *.qcow2) v vol-dumpxml --pool "$POOL" "$volume" </dev/null | backing || exit 1 ;; esac
  done <<<"$list")
  while read -r volume; do
    case "$volume" in golden-*."$OWNER".*) ;; *) continue ;; esac
    if grep -qF "/${volume%%".$OWNER."*}.$OWNER.disk.raw" <<<"$used"; then continue; fi
    v vol-delete --pool "$POOL" "$volume" </dev/null >/dev/null
  done <<<"$list"
}
backing() { sed -n '/<backingStore>/,/<\/backingStore>/s|.*<path>\(.*\)</path>.*|\1|p'; }
# What is to be removed needs its hypervisor. A local daemon that is gone took its guests with it; of another machine that does
# not answer only a person knows.
require_hypervisor() {
  local reason
  if reason=$(v uri 2>&1); then return 0; fi
  case "$URI" in
    *socket=*)
      echo "the local libvirtd is gone, and its guests with it"
      exit 0
      ;;
  esac
  # Of a run, by the names of what may be lost; see infra/consequences.ts.
  case ",${GRUNNMUR_ACCEPT_LOSS:-}," in
    *",$URI,"*)
      echo "$URI does not answer and is given up, and $NAME with it"
      exit 0
      ;;
  esac
  {
    echo "cannot reach libvirt at $URI to remove $NAME: $reason. Bring the hypervisor up and run this again."
    echo "If it is gone for good, say so, and see that it never comes back with these guests: --accept-loss '$URI'"
  } >&2
  exit 1
}
