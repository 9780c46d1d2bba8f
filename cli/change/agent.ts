import { plain } from "../terminal/plain";
import type { Finding, ObjectName } from "./cause";
import { condition, type Event, type GitRepository, type Kustomization, newestFirst } from "./observed";

const SUSPENDED = 'kubectl patch $ -n flux-system --type=merge -p \'{"spec":{"suspend":false}}\'';

/** What the agent says of the fetching, building and applying of what Git holds; nothing where all of it went well. */
export function ofAgent(
  source: GitRepository | undefined,
  kustomization: Kustomization | undefined,
  events: readonly Event[],
): Finding[] {
  const off = [source?.spec?.suspend && "gitrepository", kustomization?.spec?.suspend && "kustomization"];
  const stopped = off.flatMap((kind): Finding[] =>
    kind
      ? [
          {
            stage: "suspended",
            object: { kind, namespace: "flux-system", name: "flux-system" },
            detail: "somebody has told the agent to change nothing",
            remedy: `when that is over: ./grunnmur ${SUSPENDED.replace("$", `${kind}/flux-system`)}`,
          },
        ]
      : [],
  );
  return [...stopped, ...ofSource(source), ...ofKustomization(kustomization, events)];
}

function ofSource(source: GitRepository | undefined): Finding[] {
  const failed = [condition(source, "FetchFailed"), condition(source, "StorageOperationFailed")].find(
    (one) => one?.status === "True",
  );
  const ready = condition(source, "Ready");
  const said = failed ?? (ready?.status === "False" ? ready : undefined);
  if (!said) return [];
  return [
    {
      stage: "not fetched",
      object: null,
      detail: plain(`${said.reason ?? "failed"}: ${said.message ?? ""}`),
      remedy: remedyOfFetch(said.message ?? ""),
    },
  ];
}

function remedyOfFetch(message: string): string {
  if (/branch|reference not found|couldn't find remote ref/i.test(message))
    return "is sync.branch of the stack file a branch of the repository?";
  if (/auth|publickey|permission|denied|handshake/i.test(message))
    return "the Git host refuses the deploy key: ./grunnmur up registers it again, and proves that it only reads";
  if (/host key|knownhosts/i.test(message)) return "the Git host shows another key than sync.hostKey of the stack file";
  return "does the Git host answer at the address in sync.repository, from the nodes?";
}

function ofKustomization(kustomization: Kustomization | undefined, events: readonly Event[]): Finding[] {
  const ready = condition(kustomization, "Ready");
  const { lastAttemptedRevision: attempted, lastAppliedRevision: applied, history } = kustomization?.status ?? {};
  if (ready?.status === "True") return [];
  if (ready?.status === "False") return failures(ready.reason ?? "", ready.message ?? "", attempted);
  // At work once more: what the last try came to is in no condition meanwhile, and in the event that told of it.
  const failedBefore = attempted !== applied || history?.[0]?.lastReconciledStatus === "ReconciliationFailed";
  const [last] = failedBefore ? newestFirst(events.filter(isOfIt)) : [];
  const revision = last?.metadata.annotations?.["kustomize.toolkit.fluxcd.io/revision"];
  if (!last || (revision !== undefined && revision === applied && attempted === applied)) return [];
  return failures(last.reason, last.message, revision ?? attempted);
}

const isOfIt = ({ involvedObject }: Event): boolean =>
  involvedObject.kind === "Kustomization" && involvedObject.name === "flux-system";

/** `Kind/namespace/name` or `Kind/name`, and what the API server said of it (fluxcd/pkg/ssa/errors). */
const OF_OBJECT =
  /^(?:\S+ )?(\w+)\/(?:([^/\s]+)\/)?(\S+) (?:dry-run failed(?: \(\w+\))?|apply failed|not found|namespace not specified): ([\s\S]*)$/;

/** A rule of ours, in the words of the policy that carries it: one policy carries many. */
export const RULE = /ValidatingAdmissionPolicy .* denied request: ([a-z0-9-]+): /;

function failures(reason: string, message: string, revision: string | undefined): Finding[] {
  const about = revision === undefined ? {} : { revision };
  // Below the refusal stands what of the commit was applied all the same.
  const first = message.split("\n")[0] ?? "";
  if (reason === "ArtifactFailed" || reason === "BuildFailed" || reason === "DirCreationFailed") {
    const object = encrypted(message);
    return [
      {
        stage: "not built",
        object,
        detail: plain(withoutPaths(message)),
        remedy: object
          ? "encrypt it for the cluster, whose recipient .sops.yaml names: ./grunnmur sops encrypt --in-place FILE"
          : "mend the file; ./grunnmur check says the same before a push",
        ...about,
      },
    ];
  }
  const [, kind, namespace = "", name, said = ""] = OF_OBJECT.exec(message) ?? [];
  if (kind === undefined || name === undefined) {
    if (LATE.test(first))
      return [{ stage: "not answered", object: null, detail: plain(first), remedy: REMEDY_OF_LATE, ...about }];
    return [{ stage: "refused", object: null, detail: plain(message), remedy: "mend what it names", ...about }];
  }
  const rule = RULE.exec(said)?.[1];
  const [line = first] = said.split("\n");
  if (LATE.test(line))
    return [{ stage: "not answered", object: null, detail: plain(first), remedy: REMEDY_OF_LATE, ...about }];
  return [
    {
      stage: "refused",
      object: { kind, namespace, name },
      detail: plain(line.replace(/^.* denied request: /, "")),
      remedy: remedyOfRefusal(line, rule, { kind, namespace, name }),
      ...(rule === undefined ? {} : { rule }),
      ...about,
    },
  ];
}

/** The API server was too busy, or away: nothing is said against what it was asked for. */
export const LATE =
  /did not complete within|context deadline exceeded|timed out|TLS handshake timeout|connection (refused|reset)|too many requests|i\/o timeout|leader changed/i;
export const REMEDY_OF_LATE =
  "it is tried again by itself; where it lasts, are the control planes short of CPU or disk?";

/** The temporary directory in which the agent has built says nothing to anybody. */
const withoutPaths = (message: string): string => message.replace(/\/tmp\/kustomization-\d+\/?/g, "");

function encrypted(message: string): ObjectName | null {
  const [, kind, name] = /decryption failed for '([A-Za-z]+)\.[^/']*\/([^']+)'/.exec(message) ?? [];
  return kind && name ? { kind, namespace: "", name } : null;
}

function remedyOfRefusal(said: string, rule: string | undefined, { kind, namespace }: ObjectName): string {
  if (rule !== undefined) return `see docs/rules; ./grunnmur check finds it before a push`;
  if (/no matches for kind/.test(said)) return `the cluster knows no ${kind} of that apiVersion: correct it`;
  if (/namespaces? "[^"]*" not found/.test(said)) return `add a Namespace ${namespace} beside it, in the same commit`;
  if (/field is immutable|may not change once set/.test(said))
    return "take the object out of Git, let the agent delete it, and add it again with the new value";
  if (/exceeded quota/.test(said)) return "ask for less, or raise the namespace's quota in Git";
  return "mend what it names";
}
