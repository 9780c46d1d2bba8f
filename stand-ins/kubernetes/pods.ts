import type { Properties } from "../shared/value";
import { at, list, named, words } from "./object";

/** Why each pod is not doing its work, one line a reason. Empty for pods that are. */
export function podTroubles(pods: Properties[]): string[] {
  return pods.flatMap((pod) => {
    const reasons = [...conditionTroubles(pod), ...containerTroubles(pod)];
    return reasons.map((reason) => `pod ${named(pod, "name")}: ${reason}`);
  });
}

function conditionTroubles(pod: Properties): string[] {
  const done = at(pod, "status", "phase") === "Succeeded";
  return list(pod, "status", "conditions")
    .filter((one) => one.status === "False" && !done && one.type === "PodScheduled")
    .map((one) => `not scheduled: ${words(one, "reason")}: ${words(one, "message")}`);
}

function containerTroubles(pod: Properties): string[] {
  const containers = [...list(pod, "status", "initContainerStatuses"), ...list(pod, "status", "containerStatuses")];
  return containers.flatMap((container) => {
    const name = `container ${words(container, "name")}`;
    const waiting = at(container, "state", "waiting");
    if (waiting !== undefined) {
      const last = words(container, "lastState", "terminated", "exitCode");
      const ended = last === "" ? "" : `; it last ended with exit code ${last}`;
      return [`${name} is waiting: ${words(waiting, "reason")}: ${words(waiting, "message")}${ended}`];
    }
    const code = words(container, "state", "terminated", "exitCode");
    if (code !== "") return code === "0" ? [] : [`${name} ended with exit code ${code}`];
    return container.ready === true ? [] : [`${name} runs but is not ready`];
  });
}
