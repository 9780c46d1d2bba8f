import { spawnSync } from "node:child_process";
import { patienceHere } from "../../lib/machine";
import { script } from "../script";
import type { Hypervisor } from "./kvm-node";

type Asked = Pick<Hypervisor, "name" | "uri" | "sshHostKey">;

/** Each waits at most so long, and all are asked at once: thirty that do not answer cost a preview no more than one. */
const seconds = () => 10 * patienceHere();

const EACH = `
ask() { # INDEX URI HOST-KEY
  local text
  text=$(URI=$2 HOST_KEY=$3 timeout -k 1 "$LIMIT" bash -c "$LOOK" </dev/null 2>/dev/null) || return 0
  # One write each, so that no two lines mix.
  printf '%s\\n' "$1 $(tr '\\n' ' ' <<<"$text")"
}
index=0
while [ $# -gt 0 ]; do
  ask "$index" "$1" "$2" &
  index=$((index + 1))
  shift 2
done
wait
`;

/**
 * Names of the guests that run on each hypervisor, by its name; one that does not answer, or that this machine cannot ask, is
 * left out. Nothing is changed there, so a preview may look.
 */
export function runningGuests(hypervisors: readonly Asked[]): Map<string, Set<string>> {
  if (hypervisors.length === 0) return new Map();
  const args = hypervisors.flatMap(({ uri, sshHostKey }) => [uri, sshHostKey ?? ""]);
  const { stdout } = spawnSync("bash", ["-c", EACH, "look", ...args], {
    env: {
      ...process.env,
      LIMIT: `${seconds()}`,
      LOOK: script("node/scripts/virsh.sh") + script("node/scripts/look.sh"),
    },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const found = new Map<string, Set<string>>();
  for (const line of stdout.split("\n").filter(Boolean)) {
    const [index, ...guests] = line.trim().split(/\s+/);
    const hypervisor = hypervisors[Number(index)];
    if (hypervisor) found.set(hypervisor.name, new Set(guests));
  }
  return found;
}
