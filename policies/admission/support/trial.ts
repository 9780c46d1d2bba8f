import type { Client, Manifest } from "./client";
import { pool } from "./pool";
import { failing, labelled, ours, type Variant, type Verdict, verdictOf } from "./variant";

/** One object and the rules that both gates judge it by. */
export interface Trial {
  /** What it is, for a person. */
  what: string;
  variant: Variant;
  object: Manifest;
  /** Other objects at hand, which the cluster has too. */
  around?: readonly Manifest[];
  /** The rule was changed, so that its message may be an error: only the verdict is compared. */
  changed?: boolean;
}

export type Outcome = Trial &
  (
    | { kind: "same"; verdict: Verdict }
    /** The engine says the same of the object that the API server made of this one. */
    | ({ kind: "rewritten"; verdict: Verdict; detail: string } & Differences)
    | ({ kind: "different"; verdict: Verdict; detail: string } & Differences)
    /** Its own validation, which comes before any policy. */
    | { kind: "refused"; why: string }
    | { kind: "passed over"; why: string }
  );

export const judgeAll = (client: Client, trials: readonly Trial[]): Promise<Outcome[]> =>
  pool(trials, 8, (trial) => judge(client, trial));

async function judge(client: Client, trial: Trial): Promise<Outcome> {
  const path = await client.pathOf(trial.object);
  if ("why" in path) return { ...trial, kind: "passed over", why: path.why };
  const object = labelled(path.namespaced ? inNamespace(trial.object) : trial.object, trial.variant);
  const { status, body, warnings } = await client.apply(object);
  if (status >= 300) return { ...trial, kind: "refused", why: String(body.message) };
  const verdict = verdictOf(warnings, trial.variant);
  if (verdict === undefined) return { ...trial, kind: "passed over", why: "more warnings than one answer holds" };
  const mine = ours(trial.variant, object, trial.around);
  const found = differences(trial.variant, mine, verdict);
  if (none(found, trial)) return { ...trial, kind: "same", verdict };
  const detail = `the engine: ${said(mine, found)}; the API server: ${said(verdict, found)}`;
  const rewritten = ours(trial.variant, body, trial.around);
  const kind = none(differences(trial.variant, rewritten, verdict), trial) ? "rewritten" : "different";
  return { ...trial, kind, verdict, ...found, detail };
}

/** Without a namespace, requests go to this one. */
function inNamespace(object: Manifest): Manifest {
  const metadata = object.metadata as Manifest | undefined;
  return { ...object, metadata: { namespace: "default", ...metadata } };
}

interface Differences {
  /** Rules of which one says that they hold and the other that they do not. */
  rules: string[];
  /** Rules that both find broken, in other words. */
  words: string[];
}

function differences({ rules }: Variant, mine: Verdict, theirs: Verdict): Differences {
  const ids = rules.filter(({ id }) => mine.has(id) !== theirs.has(id)).map(({ id }) => id);
  const words = rules.filter(({ id }) => !sameWords(mine.get(id) ?? [], theirs.get(id) ?? []));
  return { rules: ids, words: words.map(({ id }) => id).filter((id) => !ids.includes(id)) };
}

const none = ({ rules, words }: Differences, { changed }: Trial): boolean =>
  rules.length === 0 && (changed || words.length === 0);

/** The API server joins what is said of several items. */
function sameWords(mine: readonly string[], theirs: readonly string[]): boolean {
  let rest = theirs.join("; ");
  for (const message of [...mine].sort((a, b) => b.length - a.length)) {
    if (!rest.includes(message.trim())) return false;
    rest = rest.replaceAll(message.trim(), "");
  }
  return /^[; ]*$/.test(rest);
}

const said = (verdict: Verdict, { rules, words }: Differences): string =>
  [...rules, ...words].map((rule) => `${rule} ${verdict.get(rule)?.join("; ") ?? "holds"}`).join(", ");

/** For a report: what was counted, and each outcome that is not plainly the same. */
export function summary(outcomes: readonly Outcome[]): string {
  const kinds = new Map<string, number>();
  for (const { kind } of outcomes) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const failures = outcomes.filter((o) => "verdict" in o && failing(o.verdict) !== "-").length;
  const counts = [...kinds].map(([kind, count]) => `${count} ${kind}`).join(", ");
  return `${outcomes.length} objects: ${counts}; ${failures} of them break a rule`;
}
