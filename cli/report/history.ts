import { z } from "zod";
import { plain } from "../terminal/plain";

/** Something that was written in the cluster by somebody who is not a part of it. */
export interface Act {
  /** Of the first, ISO 8601. */
  at: string;
  /** Of the last, where it was done several times. */
  until: string;
  times: number;
  who: string;
  /** Whose rights were taken on, if any. */
  as: string | null;
  /** The program that asked, such as `kubectl/v1.36.4`. */
  with: string;
  verb: string;
  object: string;
  /** Whether the API server did it, or refused. */
  done: boolean;
  /** The reason that was given for going past Git; null where that was not done. */
  breakGlass: string | null;
  /** When the agent next wrote the same object, and so undid it; null where it did not. */
  undone: string | null;
}

/** A line of the API server's audit log, https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/ */
const line = z.object({
  requestURI: z.string(),
  verb: z.string(),
  user: z.object({ username: z.string() }),
  impersonatedUser: z.object({ username: z.string() }).optional(),
  userAgent: z.string().default(""),
  objectRef: z
    .object({
      resource: z.string().default(""),
      namespace: z.string().default(""),
      name: z.string().default(""),
      subresource: z.string().default(""),
    })
    .optional(),
  responseStatus: z.object({ code: z.number().optional() }).optional(),
  requestReceivedTimestamp: z.string(),
  annotations: z.record(z.string(), z.string()).optional(),
});

type Line = z.infer<typeof line>;

/** Lines that `audit.sh` reads of a control plane's logs, the newest. */
export const LINES = 5000;

/** The agent's account, as the audit log writes it; `audit.sh` looks for it, too. */
const RECONCILER = "system:serviceaccount:flux-system:config-reconciler";

/** @param text what `audit.sh` printed; a line that is none is left out */
export function auditLines(text: string): { since: string | null; lines: Line[] } {
  const all = text.split("\n").flatMap((one): Line[] => {
    const parsed = line.safeParse(json(one));
    return parsed.success ? [parsed.data] : [];
  });
  return { since: all[0]?.requestReceivedTimestamp ?? null, lines: all.slice(1) };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What people and tools did, the newest first; the same by the same, one after the other, is one. */
export function actsOf(lines: readonly Line[]): Act[] {
  const sorted = [...lines].sort((a, b) => a.requestReceivedTimestamp.localeCompare(b.requestReceivedTimestamp));
  const acts: Act[] = [];
  const waiting = new Map<string, Act[]>();
  for (const one of sorted) {
    const object = objectOf(one);
    const whole = wholeOf(one);
    const at = one.requestReceivedTimestamp;
    if (actorOf(one) === RECONCILER) {
      for (const act of waiting.get(whole) ?? []) act.undone = at;
      waiting.delete(whole);
      continue;
    }
    const act: Act = {
      ...{ at, until: at, times: 1, object, verb: one.verb, undone: null },
      who: plain(one.user.username, 80),
      as: one.impersonatedUser ? plain(one.impersonatedUser.username, 80) : null,
      with: plain(one.userAgent.split(" ")[0] ?? "", 60),
      done: (one.responseStatus?.code ?? 0) < 300,
      breakGlass: breakGlass(one),
    };
    const same = acts.findLast((before) => before.object === object);
    if (same && isSame(same, act)) {
      same.until = at;
      same.times += 1;
      continue;
    }
    acts.push(act);
    if (act.done) waiting.set(whole, [...(waiting.get(whole) ?? []), act]);
  }
  return inRuns(acts).reverse();
}

/** How Pulumi's provider of Kubernetes calls itself, and the one that stands in for it. */
const PROVIDER = /^(pulumi-kubernetes|grunnmur)\b/;
/** An `up` writes now and then for minutes. */
const RUN_MS = 30 * 60_000;

/** What one `up` writes is one act, unless the agent undid a part of it. */
function inRuns(acts: readonly Act[]): Act[] {
  const runs: Act[] = [];
  for (const act of acts) {
    const isUps = PROVIDER.test(act.with) && act.done && act.undone === null && act.breakGlass === null;
    const run = isUps
      ? runs.findLast((one) => one.verb === RUN && one.who === act.who && one.with === act.with)
      : undefined;
    if (run && Date.parse(act.at) - Date.parse(run.until) < RUN_MS) {
      run.until = act.until;
      run.times += act.times;
    } else {
      runs.push(isUps ? { ...act, verb: RUN, object: "objects of the platform" } : act);
    }
  }
  return runs;
}

const RUN = "write";

const actorOf = ({ user, impersonatedUser }: Line): string => impersonatedUser?.username ?? user.username;

const isSame = (one: Act, other: Act): boolean =>
  one.undone === null &&
  one.breakGlass === other.breakGlass &&
  (["who", "as", "with", "verb", "done"] as const).every((key) => one[key] === other[key]);

function objectOf({ objectRef, requestURI }: Line): string {
  if (!objectRef) return plain(requestURI.split("?")[0] ?? "", 120);
  const { resource, namespace, name, subresource } = objectRef;
  const of = [namespace, name].filter(Boolean).join("/");
  return plain(`${resource}${subresource ? `/${subresource}` : ""} ${of}`.trim(), 160);
}

/** Of which `scale` and the like are parts. */
const wholeOf = (one: Line): string =>
  one.objectRef ? objectOf({ ...one, objectRef: { ...one.objectRef, subresource: "" } }) : objectOf(one);

/** As the drift guard writes it, `NAME: REASON`; empty where nobody went past it. */
function breakGlass({ annotations = {} }: Line): string | null {
  const [, said] = Object.entries(annotations).find(([key, text]) => key.endsWith("/break-glass") && text !== "") ?? [];
  return said === undefined ? null : plain(said, 300);
}
