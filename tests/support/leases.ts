import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** One state of a leader's lease, as the API server had it. */
export interface Reading {
  lease: string;
  /** Empty once its holder gave it back. */
  holder: string;
  acquired: number;
  renewed: number;
  lasts: number;
}

/**
 * Where a lease went to another holder before the one it had was over, so that two led at a moment. Times are those that
 * the holders wrote.
 */
export function overlaps(readings: readonly Reading[]): string[] {
  const last = new Map<string, Reading>();
  return readings.flatMap((now) => {
    const before = last.get(now.lease);
    last.set(now.lease, now);
    if (!before?.holder || !now.holder || before.holder === now.holder) return [];
    const early = before.renewed + before.lasts - now.acquired;
    return early > 1
      ? [`${now.lease}: ${now.holder} leads ${early.toFixed(0)} s before the lease of ${before.holder} was over`]
      : [];
  });
}

/** Watches the leases of the cluster's own parts, each change of them, through whichever control plane answers. */
export class Leases {
  readonly readings: Reading[] = [];
  private child: ChildProcess | undefined;
  private stopped = false;

  constructor(kubectl: readonly [string, ...string[]], cwd: string) {
    void this.watch(kubectl, cwd);
  }

  private async watch([command, ...args]: readonly [string, ...string[]], cwd: string): Promise<void> {
    const fields = ["spec.holderIdentity", "spec.acquireTime", "spec.renewTime", "spec.leaseDurationSeconds"];
    const template = `{.metadata.name}${fields.map((field) => `|{.${field}}`).join("")}{"\\n"}`;
    const watching = ["get", "leases", "-n", "kube-system", "--watch", "-o", `jsonpath=${template}`];
    while (!this.stopped) {
      await new Promise<void>((resolve) => {
        const child = spawn(command, [...args, ...watching], { cwd, stdio: ["ignore", "pipe", "ignore"] });
        this.child = child;
        let rest = "";
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          const lines = (rest + text).split("\n");
          rest = lines.pop() ?? "";
          this.readings.push(...lines.flatMap(readingOf));
        });
        child.on("close", () => resolve());
      });
      await sleep(1000);
    }
  }

  stop(): void {
    this.stopped = true;
    this.child?.kill();
  }
}

function readingOf(line: string): Reading[] {
  const [lease = "", holder = "", acquired = "", renewed = "", lasts = ""] = line.split("|");
  if (!["kube-scheduler", "kube-controller-manager"].includes(lease)) return [];
  return [
    { lease, holder, acquired: Date.parse(acquired) / 1000, renewed: Date.parse(renewed) / 1000, lasts: Number(lasts) },
  ];
}
