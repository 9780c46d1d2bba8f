import { spawnSync } from "node:child_process";
import { script } from "../script";
import type { Hypervisor } from "./kvm-node";

/**
 * Names of the guests that run on a hypervisor; undefined where it does not answer within ten seconds, and where this
 * machine cannot ask. Nothing is changed there, so a preview may look.
 */
export function runningGuests({ uri, sshHostKey }: Pick<Hypervisor, "uri" | "sshHostKey">): Set<string> | undefined {
  const text = script("node/scripts/virsh.sh") + script("node/scripts/look.sh");
  // A group of its own, so that what a hanging connection has started ends too.
  const { status, stdout } = spawnSync("timeout", ["-k", "1", "10", "bash", "-c", text], {
    env: { ...process.env, URI: uri, HOST_KEY: sshHostKey ?? "" },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  if (status !== 0) return undefined;
  return new Set(
    stdout
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== ""),
  );
}
