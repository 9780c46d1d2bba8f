#!/bin/bash
# Holds a node to what it may reach outside.
#   egress.sh load     puts the rules in force, as a whole, with the addresses that declared names had last
#   egress.sh refresh  asks for those addresses anew; where somebody changed the rules, they are loaded again
# Needs no network to load: it runs before there is one. Idempotent. Says what is new.
set -euo pipefail
export LC_ALL=C # by which comm wants what sort gives

root=${ROOT-} # another in tests
rules=$root/etc/nftables.d/egress.nft
names=$root/etc/nftables.d/egress.names # a host a line, for each a set in the rules
kept=$root/var/lib/grunnmur/egress-addresses # lines of HOST ADDRESS SECONDS, when the resolver said so last
loaded=$root/run/grunnmur-egress
keep=21600 # seconds: who has an address may go on using it after the resolver names others

# Lines of nft that give each name its addresses.
elements() {
  awk 'FILENAME == ARGV[1] { declared[$1]; print "flush set inet grunnmur-egress to_" $1; next }
    ($1 in declared) && $2 ~ /^[0-9.]+$/ { print "add element inet grunnmur-egress to_" $1 " { " $2 " }" }' "$names" "$kept"
}

# The rules as the kernel has them, without what counts or comes and goes.
in_force() {
  nft -s list table inet grunnmur-egress 2>/dev/null |
    awk '$1 == "set" { passing = $2 != "inside" } $1 == "chain" { passing = 0 } !passing'
}

load() {
  { cat "$rules" && elements; } | nft -f -
  in_force >"$loaded"
}

# What the resolver says now; nothing for a name of which it says nothing.
answers() {
  local host
  while read -r host; do
    { timeout 10 getent ahostsv4 "$host" || true; } | awk -v host="$host" '$2 == "STREAM" && $1 ~ /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/ { print host, $1 }' &
  done <"$names"
  wait
}

refresh() {
  answers >"$kept.answers"
  awk -v now="$(date +%s)" -v keep=$keep '
    FILENAME == ARGV[1] { declared[$1]; next }
    FILENAME == ARGV[2] { answered[$1]; seen[$1 " " $2] = now; next }
    ($1 in declared) && !(($1 " " $2) in seen) && (!($1 in answered) || $3 > now - keep) { seen[$1 " " $2] = $3 }
    END { for (each in seen) print each, seen[each] }
  ' "$names" "$kept.answers" "$kept" | sort >"$kept.new"
  comm -13 <(cut -d' ' -f1,2 "$kept") <(cut -d' ' -f1,2 "$kept.new") | sed 's/ / answers in /'
  mv "$kept.new" "$kept"
  if ! in_force | cmp -s - "$loaded"; then
    echo 'the rules were not as they were loaded: they are loaded again'
    load
  else
    elements | nft -f -
  fi
}

mkdir -p "${kept%/*}"
touch "$kept"
exec 9>"$loaded.lock"
flock 9
"$1"
