import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import type { PipelineKind } from "./infra-repo";
import { type ConfigRepoValues, folderOf, PLACEHOLDER, renderFiles, SOPS } from "./render";
import { type RepoFile, templates } from "./templates";

/** Where each kind of Git host looks for the pipeline that checks; the scaffold's own is GitLab's. */
const PIPELINES: Readonly<Record<PipelineKind, string>> = {
  gitlab: ".gitlab-ci.yml",
  github: ".github/workflows/check.yml",
  gitea: ".gitea/workflows/check.yml",
};

/** A file that all clusters of a configuration repository share, after one was added to it. */
export type TopFile = { path: string } & (
  | { content: string }
  /** The file is not of the form that could be added to: what has to be written there, and why it was not. */
  | { lines: string; why: string }
);

/**
 * What all clusters of a repository share at its top. Of each file the lines from its first placeholder on are one cluster's,
 * and those of the next are added behind them; what stands before is never changed.
 *
 * @param existing the text of a file that there is
 * @param gitHost whose pipeline checks
 */
export function addToTop(
  values: ConfigRepoValues,
  existing: (path: string) => string | undefined,
  gitHost: PipelineKind = "gitlab",
): TopFile[] {
  const top = templates("config-repo").filter(({ path }) => !path.includes("/"));
  const others = top.filter(({ path }) => path !== PIPELINES.gitlab);
  return (gitHost === "gitlab" ? top : [...templates("config-pipelines", gitHost), ...others])
    .filter(({ path }) => path !== SOPS || values.recipient !== undefined)
    .map((template) => {
      const { head, lines } = parted(template, values);
      const before = existing(template.path);
      return { path: template.path, ...added(template.path, before, head, lines, folderOf(values)) };
    });
}

function parted({ path, content }: RepoFile, values: ConfigRepoValues): { head: string; lines: string } {
  const start = content.lastIndexOf("\n", content.search(PLACEHOLDER)) + 1;
  const [filled] = renderFiles([{ path, content: content.slice(start) }], { ...values, path: folderOf(values) });
  return { head: content.slice(0, start), lines: filled?.content ?? "" };
}

function added(path: string, before: string | undefined, head: string, lines: string, folder: string) {
  if (before === undefined) return { content: head + lines };
  if (`\n${before}`.includes(`\n${lines}`)) return { content: before };
  const content = `${before}${before === "" || before.endsWith("\n") ? "" : "\n"}${lines}`;
  const why = path.endsWith(".md") ? noRow(before, folder) : noEntry(path, before, content, head + lines, folder);
  return why === undefined ? { content } : { lines, why };
}

function noRow(before: string, folder: string): string | undefined {
  if (before.includes(`| \`${folder}\` |`)) return `its table says something else of ${folder}`;
  return /\n\|[^\n]*\|\n?$/.test(before) ? undefined : "it does not end in a table of clusters";
}

interface Entry {
  CLUSTER?: unknown;
  path_regex?: unknown;
}

/** Why the text with the lines added is not the one before with one entry more at the end of its list. */
function noEntry(path: string, before: string, after: string, fresh: string, folder: string): string | undefined {
  const [was, is, alone] = [before, after, fresh].map((text) => listIn(path, text));
  const entry = alone?.list[0];
  if (!was || !entry) return `it has no list where ${path === SOPS ? "creation_rules" : "the matrix of check"} is`;
  if (was.list.some((one) => one.CLUSTER === folder)) return `it says something else of ${folder}`;
  if (!isDeepStrictEqual(is, { list: [...was.list, entry], rest: was.rest }))
    return "its list does not stand at its end";
  const earlier = was.list.find((one) => matches(one, `${folder}/production/database.yaml`));
  return (
    earlier &&
    `its rule for ${JSON.stringify(earlier.path_regex ?? "all files")} is for ${folder} too, and the first one holds`
  );
}

/** The entries, and all else that the file says. */
function listIn(path: string, text: string): { list: Entry[]; rest: unknown } | undefined {
  try {
    const whole = parse(text);
    const [holder, key] = holderOf(path, whole);
    const list = holder[key];
    if (!Array.isArray(list) || !list.every((one) => typeof one === "object" && one !== null)) return undefined;
    holder[key] = [];
    return { list, rest: whole };
  } catch {
    return undefined;
  }
}

/** What in the file has the list, and under which key. */
// biome-ignore lint/suspicious/noExplicitAny: whatever form a file has that somebody wrote
function holderOf(path: string, whole: any): [any, string] {
  if (path === SOPS) return [whole, "creation_rules"];
  return path === PIPELINES.gitlab ? [whole.check.parallel, "matrix"] : [whole.jobs.check.strategy.matrix, "include"];
}

/** As SOPS matches: a rule without an expression is for all files. */
function matches({ CLUSTER, path_regex: expression }: Entry, file: string): boolean {
  if (CLUSTER !== undefined) return false;
  if (expression === undefined) return true;
  try {
    return new RegExp(String(expression)).test(file);
  } catch {
    return false;
  }
}
