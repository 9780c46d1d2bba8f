import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

export interface RepoFile {
  /** Path inside the repository, with slashes. */
  path: string;
  content: string;
  /** Absent: no program. */
  executable?: true;
}

/** All files of a folder of `gitops`, by their path inside it. */
export function templates(...folder: string[]): RepoFile[] {
  const root = join(projectRoot(__dirname), "gitops", ...folder);
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort()
    .map((path) => ({
      path,
      content: readFileSync(join(root, path), "utf8"),
      ...(statSync(join(root, path)).mode & 0o100 ? { executable: true as const } : {}),
    }));
}

/** Puts one text in place of another that must be there: a template that changed must not be filled in by half. @throws Error */
export function swap({ path, content, ...rest }: RepoFile, from: string, to: string): RepoFile {
  if (!content.includes(from)) throw new Error(`the template ${path} has no ${JSON.stringify(from)}`);
  return { path, content: content.replaceAll(from, () => to), ...rest };
}

/** Compiled code lies in `dist/`, the scaffold does not: both are found from the folder that holds `Pulumi.yaml`. */
function projectRoot(folder: string): string {
  if (existsSync(join(folder, "Pulumi.yaml"))) return folder;
  if (dirname(folder) === folder) throw new Error(`no Pulumi.yaml above ${__dirname}: run from the project's checkout`);
  return projectRoot(dirname(folder));
}
