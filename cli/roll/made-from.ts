import { basename } from "node:path";
import type { Rotations } from "../../lib/rotation";
import { pulumiOutput } from "../pulumi/pulumi";

/** A guest's disk, as the state has it. */
export interface Disk {
  urn: string;
  /** Another one when it was made anew. */
  id: string;
  /** Key of the golden image under it. */
  image: string;
}

/** What an environment was made from. */
export interface MadeFrom {
  /** Of the control plane, such as `v1.36.4`; absent where no cluster was begun. */
  kubernetes?: string;
  /** Of the environment's credentials. */
  rotations: Rotations;
  /** By the node's name. One that is being made anew has none. */
  disks: Map<string, Disk>;
}

export interface StateResource {
  urn: string;
  id?: string;
  /** About to be deleted: another one stands in its place. */
  delete?: boolean;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

/** Asks the state, in which these are no secrets. */
export async function madeFrom(stack: string): Promise<MadeFrom> {
  const text = await pulumiOutput(["stack", "export", "--stack", stack]);
  const { deployment } = JSON.parse(text) as { deployment?: { resources?: StateResource[] } };
  return read(deployment?.resources ?? []);
}

export function read(resources: StateResource[]): MadeFrom {
  const there = resources.filter((one) => !one.delete);
  const named = (name: string) => there.find(({ urn }) => urn.endsWith(`::${name}`));
  const disks = there.flatMap(({ urn, id = "", inputs }): [string, Disk][] => {
    const node = /::([^:]+)-disk$/.exec(urn)?.[1];
    const { IMAGE_DIR } = (inputs?.environment ?? {}) as { IMAGE_DIR?: string };
    return node && IMAGE_DIR ? [[node, { urn, id, image: basename(IMAGE_DIR) }]] : [];
  });
  const kept = named("cluster-versions")?.inputs?.input as { kubernetes?: string } | undefined;
  const kubernetes = kept?.kubernetes ?? atFirst(named("cluster-origin")?.outputs?.stdout);
  const rotations = (named("rotations")?.inputs?.input ?? {}) as Rotations;
  return { ...(kubernetes ? { kubernetes } : {}), rotations, disks: new Map(disks) };
}

/** Of an environment that was made before its versions were kept by themselves. */
function atFirst(origin: unknown): string | undefined {
  if (typeof origin !== "string") return undefined;
  return (JSON.parse(origin) as { versions?: { kubernetes?: string } }).versions?.kubernetes;
}
