import type { StackConfig } from "../../stacks/schema";
import type { Site } from "../../stacks/sites";
import type { Stack } from "../../stacks/stack";
import { sitesOf } from "../review/register";

/** A site in which something of the stack stands. */
export interface RegisterSite extends Site {
  machines: { name: string; kind: "hypervisor" | "machine"; diskEncryption: string | null }[];
}

export type Destination = StackConfig["destinations"][number];
export type Administrator = StackConfig["administration"][number];

/** Where copies lie: at a node of the stack, or at a destination. */
export type Copies = StackConfig["backups"][number] & { country: string | null };

export function registerSites(stack: Stack): RegisterSite[] {
  const { hypervisors, nodes } = stack;
  return sitesOf(stack).map((site) => ({
    ...site,
    machines: [
      ...hypervisors
        .filter((one) => one.site.name === site.name)
        .map(({ name, diskEncryption }) => ({
          name,
          kind: "hypervisor" as const,
          diskEncryption: diskEncryption ?? null,
        })),
      ...nodes.flatMap((one) =>
        one.kind === "existing" && one.site.name === site.name
          ? [{ name: one.name, kind: "machine" as const, diskEncryption: one.diskEncryption ?? null }]
          : [],
      ),
    ],
  }));
}

export function copies({ backups, nodes, destinations }: Stack): Copies[] {
  return backups.map((copy) => {
    const node = nodes.find(({ name, address }) => copy.host === name || copy.host === address);
    const outside = destinations.find(({ host }) => host === copy.host);
    return { ...copy, country: node?.site.country ?? outside?.country ?? null };
  });
}
