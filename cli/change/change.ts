import { join } from "node:path";
import { artifactDir, artifactReady } from "../../artifacts/store";
import { readerAt } from "../../policies/check/reader";
import { loadRules } from "../../policies/engine/load";
import type { Stack } from "../../stacks/stack";
import type { Outputs } from "../pulumi/outputs";
import { plain } from "../terminal/plain";
import { type Cause, type Commit, type Finding, STAGES } from "./cause";
import { type Place, placesOf } from "./places";
import { type Repository, withRepository } from "./repository";

/** How far what is in Git has come. */
export interface Change {
  /** `live`: all of it runs. `under way`: nothing is known to be wrong. `stopped`: see `causes`. */
  state: "live" | "under way" | "stopped" | "unknown";
  /** The branch's last commit, that which the agent has fetched, and that which it has applied; null where not known. */
  head: string | null;
  fetched: string | null;
  applied: string | null;
  /** Of `head`, where Git was read for it. */
  commit: Commit | null;
  /** In the order in which a change passes the stages. */
  causes: Cause[];
  /** Why Git could not be read by whoever asks; null where it was. */
  unread: string | null;
}

/** What the cluster tells of it. */
export interface Seen {
  /** Such as `main@sha1:…`. */
  fetched: string | null;
  applied: string | null;
  findings: readonly (Finding & { log?: string[] })[];
  /** Pods of teams that are not ready, or whose owners are not done with them. */
  unsettled: number;
}

/** Git's hash in a revision of Flux's, such as `main@sha1:…`. */
export const shaOf = (revision: string | null | undefined): string | null =>
  /:([0-9a-f]{40,64})$/.exec(revision ?? "")?.[1] ?? null;

/**
 * Why what is in Git does not run, from the branch's head to the pod. Git is asked beside the cluster, and its files are fetched only
 * where something is wrong. Never throws: what could not be established is said.
 */
export async function changeOf(
  stack: Stack,
  outputs: Outputs,
  cluster: Promise<Seen | undefined>,
  limitSeconds: number,
): Promise<Change> {
  try {
    return await withRepository(stack, outputs, limitSeconds, async (repository) => {
      const [head, seen] = await Promise.all([repository.head(), cluster]);
      if (!seen) return { ...told(undefined, head), unread: null };
      if (seen.findings.length === 0 && head === shaOf(seen.applied)) return told(seen, head);
      return await traced(stack, seen, head, repository);
    });
  } catch (error) {
    return { ...told(await cluster, null), unread: plain((error as Error).message) };
  }
}

function told(seen: Seen | undefined, head: string | null): Change {
  const [fetched, applied] = [shaOf(seen?.fetched), shaOf(seen?.applied)];
  const causes = sorted((seen?.findings ?? []).map((finding) => causeOf(finding, null, null)));
  return { state: stateOf(seen, head), head, fetched, applied, commit: null, causes, unread: null };
}

/** The commit that a finding is about: that which the agent tried, or that which runs. */
const triedIn = ({ revision }: Finding, { fetched, applied }: Seen): string | null =>
  shaOf(revision) ?? shaOf(applied) ?? shaOf(fetched);

/** Whether a finding is about what is in Git now, and not about what a newer commit is about to replace. */
function isOf(finding: Finding, seen: Seen, head: string | null): boolean {
  if (finding.stage === "suspended" || finding.stage === "not fetched") return true;
  return triedIn(finding, seen) === (head ?? shaOf(seen.fetched));
}

function stateOf(seen: Seen | undefined, head: string | null): Change["state"] {
  if (!seen) return "unknown";
  if (seen.findings.some((finding) => isOf(finding, seen, head))) return "stopped";
  const [fetched, applied] = [shaOf(seen.fetched), shaOf(seen.applied)];
  if (applied === null || applied !== (head ?? fetched) || seen.unsettled > 0) return "under way";
  return head === null ? "unknown" : "live";
}

async function traced(stack: Stack, seen: Seen, head: string, repository: Repository): Promise<Change> {
  const root = await repository.files();
  const { findings } = seen;
  const places = placesIn(stack, root, findings);
  const causes = await Promise.all(
    findings.map(async (finding, index) => {
      const written = places[index] ?? originOf(stack, finding);
      // A line of another commit's is that of something else.
      const place = written && { ...written, line: isOf(finding, seen, head) ? written.line : null };
      const tried = triedIn(finding, seen);
      const changed =
        place && tried !== null ? await repository.lastOf(place.file, tried).catch(() => undefined) : null;
      const commit = changed ?? (tried === null ? undefined : await repository.commit(tried));
      return causeOf(finding, place, commit ?? null);
    }),
  );
  return { ...told(seen, head), causes: sorted(causes), commit: (await repository.commit(head)) ?? null };
}

function placesIn({ registry, locality, sync }: Stack, root: string, findings: readonly Finding[]): (Place | null)[] {
  if (findings.length === 0 || !artifactReady("manifest-reader")) return [];
  const reader = readerAt(join(artifactDir("manifest-reader"), "bin", "reader"));
  const facts = { registry: { host: registry.host }, locality: { profile: locality.profile } };
  return placesOf(findings, { root, path: sync.path, reader, rules: loadRules(), facts });
}

/** As the object in the cluster says it, where nothing better is known. */
const originOf = ({ sync }: Stack, { origin }: Finding): Place | null =>
  origin === undefined ? null : { file: join(sync.path, origin), line: null };

function causeOf(finding: Finding & { log?: string[] }, place: Place | null, commit: Commit | null): Cause {
  const { stage, object, detail, remedy, log = [] } = finding;
  return {
    ...{ stage, object, detail: place?.said ?? detail, log },
    ...{ file: place?.file ?? null, line: place?.line ?? null, commit, remedy },
  };
}

const sorted = (causes: Cause[]): Cause[] => causes.sort((a, b) => STAGES.indexOf(a.stage) - STAGES.indexOf(b.stage));
