import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./user";

export const stackFileOf = (stack: string): string => join(repository, `Pulumi.${stack}.yaml`);

/**
 * Writes the stack file: `local` with another network and these nodes.
 * @param dataDisks sizes in GiB, by the node's name
 * @param cores of each node
 */
export function declare(
  stack: string,
  controlPlanes: string[],
  workers: string[],
  dataDisks: Record<string, number> = {},
  cores = 2,
): void {
  const text = readFileSync(join(repository, "Pulumi.local.yaml"), "utf8")
    .replaceAll("10.20.0.", "10.22.0.")
    .replace("registry.local.", `registry.${stack}.`)
    .replace("./clusters/local", `./clusters/${stack}`)
    // A rig: four times as many cores as there are would be too few for three control planes.
    .replace(/(kind: local[\s\S]*?cores:) \d+(\s+memoryMiB:) \d+/, "$1 3$2 20480");
  const dataDisk = (name: string): string => (dataDisks[name] ? `      dataDiskGiB: ${dataDisks[name]}\n` : "");
  const [before = "", rest = ""] = text.split(/^ {4}- name: control-1$/m);
  const after = rest.slice(rest.search(/^ {2}grunnmur:registry:/m));
  const node = (name: string, role: string, address: string, memoryMiB: number): string =>
    `    - name: ${name}
      kind: libvirt
      role: ${role}
      hypervisor: this-machine
      address: ${address}
      cores: ${cores}
      memoryMiB: ${memoryMiB}
      diskGiB: 20
${dataDisk(name)}`;
  const nodes = [
    ...controlPlanes.map((name) => node(name, "control-plane", `10.22.0.1${name.slice(-1)}`, 2560)),
    ...workers.map((name) => node(name, "worker", `10.22.0.2${name.slice(-1)}`, 2048)),
  ];
  writeFileSync(stackFileOf(stack), `${before}${dataDisk("registry-1")}${nodes.join("")}${after}`);
}
