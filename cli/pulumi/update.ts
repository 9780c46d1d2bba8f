import { join } from "node:path";
import { withPrivateDir } from "../../lib/private-dir";
import { HANDED_OVER, type Rotations } from "../../lib/rotation";
import { duration } from "../terminal/duration";
import { say } from "../terminal/say";
import { followEvents } from "./events";
import { type Failure, Failures } from "./failures";
import { forgetInterrupted, unsettle } from "./interrupted";
import { policyPackArgs } from "./policy-packs";
import { pulumi, withConfigFile } from "./pulumi";
import { type StageTime, StageTimes } from "./stage-times";
import type { Trace } from "./trace";

/** How an update went. */
export interface Update {
  code: number;
  stages: StageTime[];
  /** Resources by what was done to them, such as `{ create: 3, same: 12 }`; empty where Pulumi did not come that far. */
  changes: Record<string, number>;
  failures: Failure[];
  transient: boolean;
  /** The program refused the change before anything was touched. */
  refused: boolean;
}

const HEARTBEAT_SECONDS = 30;
const seconds = (): number => performance.now() / 1000;

/** What an update may do beyond what the stack file says. */
export interface Change {
  /** Lets Pulumi show its preview and ask; otherwise it goes ahead. */
  review?: boolean;
  /** Names of nodes, or `sync`, whose data may go, and addresses of hypervisors that are gone for good. */
  acceptLoss?: readonly string[];
  /** URNs of resources that are replaced. */
  replace?: readonly string[];
  /** Names of nodes that take the newest image where their disk is made. */
  anew?: readonly string[];
  /** How far each rotation shall be; absent: as it is. */
  rotations?: Rotations;
  /** Brings the cluster to the lock's version of Kubernetes. */
  upgrade?: boolean;
}

/** `pulumi up` with progress by stage. */
export function update(stack: string, change: Change, trace: Trace): Promise<Update> {
  const { review = false, acceptLoss = [], replace = [], anew = [], upgrade = false, rotations } = change;
  return withConfigFile(stack, (config) =>
    withPrivateDir(async (directory) => {
      const log = join(directory, "events.json");
      const times = new StageTimes();
      const failures = new Failures();
      let changes: Record<string, number> = {};
      let interrupted = false;
      const notChanged = new Set<string>();
      const began = seconds();
      let spoke = began;
      const tell = (text: string): void => {
        spoke = seconds();
        // Pulumi redraws an interactive terminal: lines of ours would tear its picture.
        if (!review) say(`[${duration(spoke - began).padStart(12)}] ${text}`);
      };
      const stop = followEvents(log, (event) => {
        failures.event(event);
        trace.event(event);
        if (/pending operations/.test(event.diagnosticEvent?.message ?? "")) interrupted = true;
        const failed = event.resOpFailedEvent?.metadata;
        if (failed?.op === "update") notChanged.add(failed.urn);
        if (event.summaryEvent) changes = event.summaryEvent.resourceChanges ?? {};
        const begun = times.event(event, seconds());
        if (begun) tell(`${begun}: begun`);
      });
      const heartbeat = setInterval(() => {
        if (seconds() - spoke >= HEARTBEAT_SECONDS) for (const text of times.underWay()) tell(`${text} ...`);
      }, 1000);
      try {
        const env = {
          PULUMI_DEBUG_COMMANDS: "true",
          GRUNNMUR_ACCEPT_LOSS: acceptLoss.join(","),
          GRUNNMUR_ANEW: anew.join(","),
          GRUNNMUR_UPGRADE: upgrade ? "yes" : "",
          [HANDED_OVER]: rotations ? JSON.stringify(rotations) : "",
        };
        const more = replace.flatMap((urn) => ["--replace", urn]);
        await unsettle(stack);
        const { code } = await trace.run(async () => {
          const ended = await pulumi([...upArgs(stack, config, log, review), ...more], { env });
          stop();
          return ended;
        });
        if (code === 0 && interrupted) await forgetInterrupted(stack);
        // What was refused by a hook of ours has not begun.
        for (const urn of failures.heldBack) notChanged.delete(urn);
        if (notChanged.size > 0) await unsettle(stack, notChanged);
        const [transient, refused] = [failures.transient(), failures.refused()];
        return { code, stages: times.rows(), changes, failures: failures.list, transient, refused };
      } finally {
        clearInterval(heartbeat);
        stop();
      }
    }),
  );
}

function upArgs(stack: string, config: string, log: string, review: boolean): string[] {
  return [
    "up",
    ...["--stack", stack, "--config-file", config, "--event-log", log],
    // Outputs are read with `status`; Pulumi would print the measurements and key lists of every node.
    "--suppress-outputs",
    ...(review ? [] : ["--yes", "--skip-preview", "--non-interactive", "--suppress-progress"]),
    ...policyPackArgs(),
  ];
}

/** True where nothing had to be created, changed or deleted. */
export function unchanged(changes: Record<string, number>): boolean {
  return Object.keys(changes).every((op) => op === "same");
}
