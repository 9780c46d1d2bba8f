import { type Asked, askHypervisors } from "../../lib/hypervisors/ask";
import { script } from "../script";

/**
 * Names of the guests that run on each hypervisor, by its name; one that does not answer, or that this machine cannot ask, is
 * left out. Nothing is changed there, so a preview may look.
 */
export function runningGuests(hypervisors: readonly Asked[]): Map<string, Set<string>> {
  const answers = askHypervisors(hypervisors, script("node/scripts/look.sh"));
  return new Map(
    [...answers].flatMap(([name, answer]): [string, Set<string>][] =>
      "lines" in answer ? [[name, new Set(answer.lines.map((line) => line.trim()))]] : [],
    ),
  );
}
