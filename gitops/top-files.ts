import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import { type ConfigRepoValues, folderOf, renderFiles, SOPS } from "./render";
import { type RepoFile, templates } from "./templates";

/** A file at the top of a configuration repository, after a cluster was added to it. */
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
 */
export function addToTop(values: ConfigRepoValues, existing: (path: string) => string | undefined): TopFile[] {
  return templates("config-repo")
    .filter(({ path }) => !path.includes("/") && (path !== SOPS || values.recipient !== undefined))
    .map((template) => {
      const { head, lines } = parted(template, values);
      const before = existing(template.path);
      return { path: template.path, ...added(template.path, before, head, lines, folderOf(values)) };
    });
}

function parted({ path, content }: RepoFile, values: ConfigRepoValues): { head: string; lines: string } {
  const start = content.lastIndexOf("\n", content.indexOf("{{")) + 1;
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
    const holder = path === SOPS ? whole : whole.check.parallel;
    const key = path === SOPS ? "creation_rules" : "matrix";
    const list = holder[key];
    if (!Array.isArray(list) || !list.every((one) => typeof one === "object" && one !== null)) return undefined;
    holder[key] = [];
    return { list, rest: whole };
  } catch {
    return undefined;
  }
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
