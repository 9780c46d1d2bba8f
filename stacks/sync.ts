import type { StackDraft } from "./draft";
import type { Problem } from "./errors";

/** The one repository of the registry node that the cluster's key may fetch. */
const REPOSITORY = "/srv/git/config.git";

/** Mistakes in what the agent pulls, judged with the Git host that serves it. */
export function syncProblems(stack: StackDraft): Problem[] {
  switch (stack.sync?.gitHost?.kind) {
    case undefined:
      return [];
    case "registry-node":
      return onRegistryNode(stack);
    case "gitlab":
      return onGitHost(stack);
    case "gitea":
    case "github":
      return [...onGitHost(stack), ...ownedRepository(stack)];
  }
}

/** `owner/name` of a repository at Gitea or GitHub, as their APIs name it; undefined where its path is another. */
export function ownerAndName(repository: string): string | undefined {
  return /^\/([\w.-]+\/[\w.-]+?)(?:\.git)?$/.exec(new URL(repository).pathname)?.[1];
}

function onRegistryNode({ environment, sync, nodes, registry }: StackDraft): Problem[] {
  const problems: Problem[] = [];
  const address = nodes?.find((n) => n?.role === "registry")?.address;
  const host = hostOf(sync?.repository);
  if (host && address && registry?.host && host !== address && host !== registry.host) {
    problems.push({
      path: "sync.repository",
      message: `received "${sync?.repository}", allowed with gitHost.kind: registry-node is that node's address, ${address}`,
      remedy: `Write ${sync?.repository?.replace(`@${host}`, `@${address}`)}.`,
    });
  }
  const path = sync?.repository && new URL(sync.repository).pathname;
  if (path && path !== REPOSITORY) {
    problems.push({
      path: "sync.repository",
      message: `received "${sync?.repository}", allowed with gitHost.kind: registry-node is the path ${REPOSITORY}`,
      remedy: "It is the repository that the program makes there.",
    });
  }
  if (sync?.hostKey) {
    problems.push({
      path: "sync.hostKey",
      message: "received a key, allowed with gitHost.kind: registry-node is none",
      remedy: "Leave it out: the program makes that node's host key and pins it.",
    });
  }
  if (sync?.demo && environment === "production") {
    problems.push({
      path: "sync.demo",
      message: "received true, allowed in production is false",
      remedy: "It would fill the Git host with an example service.",
    });
  }
  return problems;
}

function onGitHost({ sync }: StackDraft): Problem[] {
  const kind = sync?.gitHost?.kind;
  const problems: Problem[] = [];
  if (!sync?.hostKey) {
    problems.push({
      path: "sync.hostKey",
      message: `is missing, allowed with gitHost.kind: ${kind} is the Git host's ed25519 public key`,
      remedy: "Ask its keeper for it: a key that was only scanned proves nothing.",
    });
  }
  if (sync?.demo) {
    problems.push({
      path: "sync.demo",
      message: `received true, allowed with gitHost.kind: ${kind} is false`,
      remedy: "The example service is filled in only on the registry node of a development stack.",
    });
  }
  return problems;
}

function ownedRepository({ sync }: StackDraft): Problem[] {
  if (!sync?.repository || ownerAndName(sync.repository)) return [];
  return [
    {
      path: "sync.repository",
      message: `received "${sync.repository}", allowed with gitHost.kind: ${sync.gitHost?.kind} is a path of owner and name`,
      remedy: `Write the address at which it is cloned over SSH, such as ssh://git@${hostOf(sync.repository)}/platform/config.git.`,
    },
  ];
}

function hostOf(repository: string | undefined): string | undefined {
  return repository && new URL(repository).hostname;
}
