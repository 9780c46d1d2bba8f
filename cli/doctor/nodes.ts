import { readFileSync } from "node:fs";
import { repositoryPath } from "../../lib/places";
import { withNodes } from "../here/nodes";
import type { Outputs } from "../pulumi/outputs";
import type { Check } from "./check";

/** Certificates and tokens are judged by the clock; so much is forgiven beside what it takes to ask. Seconds. */
const CLOCK_SECONDS = 5;
/** The kubelet evicts pods below the second of each, as it is configured and by its default for inodes. Percent. */
const DISK_LEFT = { advice: 15, wrong: 5 };
const INODES_LEFT = { advice: 10, wrong: 5 };
/** Below it the kubelet evicts pods. */
const MEMORY_LEFT_MIB = 100;

/** What a node said of itself, or why it did not. Times are milliseconds since 1970, by this machine's clock. */
export interface NodeAnswer {
  name: string;
  told: { lines: string[]; asked: number; answered: number } | { silent: string };
}

/** Asks each node, all at once. */
export async function askNodes(outputs: Outputs): Promise<NodeAnswer[]> {
  if (!outputs.sshKey) return [];
  const silent = (name: string, error: unknown) => ({ name, told: { silent: (error as Error).message } });
  const script = readFileSync(repositoryPath("cli", "doctor", "scripts", "node.sh"), "utf8");
  try {
    return await withNodes(outputs, async ({ name }, ask) => {
      const asked = Date.now();
      try {
        const lines = (await ask(script)).split("\n").filter(Boolean);
        return { name, told: { lines, asked, answered: Date.now() } };
      } catch (error) {
        return silent(name, error);
      }
    });
  } catch (error) {
    // Nobody can be asked, as where there is no ssh-agent.
    return (outputs.nodes ?? []).map(({ name }) => silent(name, error));
  }
}

/** What is full, wrong or has failed on nodes; of one that is fine a line. @param ntp whether the stack names time servers */
export function ofNodes(answers: readonly NodeAnswer[], stack: string, ntp: boolean): Check[] {
  return answers.flatMap((answer) => ofNode(answer, stack === "local" ? "" : ` --stack ${stack}`, ntp));
}

function ofNode({ name, told }: NodeAnswer, option: string, ntp: boolean): Check[] {
  const part = `node ${name}`;
  const ssh = `./grunnmur ssh${option} ${name}`;
  if ("silent" in told)
    return [
      {
        ...{ part, state: "unknown", found: `its disks, clock and units are not known: ${told.silent}` },
        remedy: `./grunnmur ssh${option} ${name} tells the same, or lets you in`,
      },
    ];
  const said = told.lines.map((line) => line.split(" "));
  const of = (what: string) => said.filter(([first]) => first === what).map(([, ...rest]) => rest);
  const off = clockOff(Number(of("clock")[0]?.[0]), told);
  const memory = Number(of("memory")[0]?.[0] ?? Number.NaN);
  const failed = of("failed").flat();
  const disks = of("disk").map(([path = "", free]) => ({ path, free: Number(free) }));
  const faults: Check[] = [
    ...disks.flatMap(({ path, free }) =>
      full(part, `of the disk at ${path}`, free, DISK_LEFT, `${ssh} du -xh -d 3 ${path}`),
    ),
    ...of("inodes").flatMap(([path = "", free]) =>
      full(part, `of the inodes at ${path}`, Number(free), INODES_LEFT, `${ssh} du -x --inodes -d 3 ${path}`),
    ),
    ...(memory < MEMORY_LEFT_MIB
      ? [
          {
            ...{ part, state: "wrong" as const, found: `${memory} MiB of memory left` },
            expected: `${MEMORY_LEFT_MIB} MiB: with less the kubelet evicts pods`,
            remedy: "more memoryMiB in the stack file, or fewer pods",
          },
        ]
      : []),
    ...(off > CLOCK_SECONDS
      ? [
          {
            ...{ part, state: "wrong" as const, found: `its clock is ${Math.round(off)} s off this machine's` },
            expected: `at most ${CLOCK_SECONDS} s: certificates and tokens are judged by it`,
            remedy: `${ssh} chronyc tracking; if this machine's is the wrong one, mend that`,
          },
        ]
      : []),
    ...(ntp && of("synchronized")[0]?.[0] === "no"
      ? [
          {
            ...{ part, state: "advice" as const, found: "its clock follows no time server" },
            expected: "one of network.ntpServers",
            remedy: `${ssh} chronyc sources`,
          },
        ]
      : []),
    ...of("refused").map(
      ([count, ...what]): Check => ({
        ...{ part, state: "advice" },
        found: `refused in the last hour on the way out of the site: ${count} or more, the last ${what.join(" ")}`,
        expected: "nothing tries to leave for what is not declared",
        remedy: `declare it under destinations, or find who asks: ./grunnmur kubectl${option} get pods -A -o wide`,
      }),
    ),
    ...[...new Map(of("ended").map(([container = "", ...rest]) => [container, rest])).entries()].map(
      ([container, [starts, ...text]]): Check => ({
        ...{ part, state: "advice" },
        found: `${container} ended itself within the last hour, at its start number ${starts}: ${text.join(" ")}`,
        remedy: `${ssh} 'tail -n 50 /var/log/pods/kube-system_${container}-*/*/*.log'`,
      }),
    ),
    ...failed.map(
      (unit): Check => ({
        ...{ part, state: "wrong", found: `${unit} has failed` },
        remedy: `${ssh} journalctl -u ${unit}`,
      }),
    ),
  ];
  if (faults.length > 0) return faults;
  const free = disks.map(({ path, free }) => `${free} % of ${path}`).join(" and ");
  return [{ part, state: "good", found: `${free} free, ${memory} MiB of memory left, its clock is right` }];
}

/** By how many seconds a clock is off at least, as it was read at some moment between asking and the answer. */
function clockOff(read: number, { asked, answered }: { asked: number; answered: number }): number {
  return Math.max(0, asked / 1000 - read, read - answered / 1000);
}

function full(part: string, what: string, free: number, limit: typeof DISK_LEFT, look: string): Check[] {
  if (!(free < limit.advice)) return [];
  return [
    {
      ...{ part, state: free < limit.wrong ? "wrong" : "advice", found: `${free} % ${what} free` },
      expected: `${limit.advice} %: below ${limit.wrong} % pods are evicted and pushes fail`,
      remedy: `${look} says what is large; more diskGiB or dataDiskGiB in the stack file grows it`,
    },
  ];
}
