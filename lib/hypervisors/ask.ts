import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { patienceHere } from "../machine";
import { repositoryPath } from "../places";

/** What it takes to reach libvirt on one machine. */
export interface Asked {
  name: string;
  /** libvirt's address. */
  uri: string;
  /** Public SSH host key, pinned; absent where the hypervisor is this machine. */
  sshHostKey?: string;
}

/** The lines that one printed, or why it printed none. */
export type Answer = { lines: string[] } | { silent: string };

/** Each waits at most so long, and all are asked at once: thirty that do not answer cost a preview no more than one. */
const seconds = () => 10 * patienceHere();

/** Stands before every script that asks or changes a hypervisor: `v` is virsh there. */
export const virsh = (): string => readFileSync(repositoryPath("lib", "hypervisors", "virsh.sh"), "utf8");

const EACH = `
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
ask() { # INDEX URI HOST-KEY
  local code=0
  URI=$2 HOST_KEY=$3 timeout -k 1 "$LIMIT" bash -c "$LOOK" </dev/null >"$said/$1" 2>"$said/$1.error" || code=$?
  case $code in
    0) ;;
    124) echo "no answer within $LIMIT s" >"$said/$1" ;;
    *) { tail -n 1 "$said/$1.error" | grep . || echo "its script ended with $code"; } >"$said/$1" ;;
  esac
  echo "$code" >"$said/$1.code"
}
asked=0
while [ $# -gt 0 ]; do
  ask "$asked" "$1" "$2" &
  asked=$((asked + 1))
  shift 2
done
wait
# One after the other, so that no two answers mix.
for ((index = 0; index < asked; index++)); do
  printf '%s %s\\0' "$(cat "$said/$index.code")" "$(cat "$said/$index")"
done
`;

/**
 * Runs a script on this machine for each hypervisor, all at once, with its `v`. It waits for them: a preview may look with it, so
 * the script changes nothing. @returns by the hypervisor's name
 */
export function askHypervisors(hypervisors: readonly Asked[], script: string): Map<string, Answer> {
  if (hypervisors.length === 0) return new Map();
  const args = hypervisors.flatMap(({ uri, sshHostKey }) => [uri, sshHostKey ?? ""]);
  const { stdout } = spawnSync("bash", ["-c", EACH, "ask", ...args], {
    env: { ...process.env, LIMIT: `${seconds()}`, LOOK: virsh() + script },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const found = new Map<string, Answer>();
  for (const [index, answer] of stdout.split("\0").entries()) {
    const [, code, text = ""] = /^(\d+) ([\s\S]*)$/.exec(answer) ?? [];
    const hypervisor = hypervisors[index];
    if (!hypervisor || code === undefined) continue;
    found.set(hypervisor.name, code === "0" ? { lines: text.split("\n").filter(Boolean) } : { silent: text });
  }
  return found;
}
