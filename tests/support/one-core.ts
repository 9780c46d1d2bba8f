import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { processesOf } from "./machine";

/**
 * Holds all guests of an environment to one core of this machine together, as on one that is half as large. libvirt sets
 * a guest's cores when it starts it, and so it is said again every two seconds.
 * @returns lets them have all cores again
 */
export function holdToOneCore(stack: string): () => void {
  const hold = (cores: string): void => {
    for (const { pid, command } of processesOf(stack)) {
      // It fails for what has ended meanwhile.
      if (/^\S*qemu-system/.test(command))
        spawnSync("taskset", ["--all-tasks", "--pid", "--cpu-list", cores, `${pid}`]);
    }
  };
  const timer = setInterval(() => hold("0"), 2000);
  timer.unref();
  return () => {
    clearInterval(timer);
    hold(`0-${availableParallelism() - 1}`);
  };
}
