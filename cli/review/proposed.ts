import { isMap, parseDocument } from "yaml";
import { repositoryRoot } from "../../lib/places";
import { run } from "../here/child";
import { UserError } from "../terminal/user-error";
import type { Proposal } from "./git-host";

/** What a proposal would make of the checked-out branch, as Git merges it. */
export interface Proposed {
  /** The proposal's last commit. */
  head: string;
  /** The commit that is checked out, whose program runs. */
  base: string;
  /** Files that differ, of which none is run. */
  files: string[];
  /** The stack file after the merge; undefined where the merge takes it away, or there is a conflict. */
  text: string | undefined;
  conflict: boolean;
}

/** Fetches a proposal and merges it in Git's object store alone: no file of the checkout changes, and nothing of it is run. */
export async function proposed(
  { number, ref }: Proposal,
  stackFile: string,
  remote: string,
  cwd = repositoryRoot(),
): Promise<Proposed> {
  const git = async (args: string[], may: number[] = [0]) => {
    const done = await run("git", args, { cwd, output: "capture", env: { ...process.env, GIT_TERMINAL_PROMPT: "0" } });
    if (!may.includes(done.code)) {
      throw new UserError(
        `proposal ${number}: git ${args[0]} failed: ${done.stderr.trim() || done.stdout.trim()}\n` +
          "A checkout with its whole history is needed (GitLab: GIT_DEPTH: 0; Actions: fetch-depth: 0).",
      );
    }
    return done;
  };
  const own = `refs/grunnmur/proposals/${number}`;
  await git(["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", remote, `+${ref}:${own}`]);
  const [head = "", base = ""] = (await git(["rev-parse", own, "HEAD"])).stdout.trim().split("\n");
  const files = (await git(["diff", "--name-only", "-z", `${base}...${head}`])).stdout.split("\0").filter(Boolean);
  const merged = await git(["merge-tree", "--write-tree", base, head], [0, 1]);
  const conflict = merged.code === 1;
  const tree = merged.stdout.split("\n")[0] ?? "";
  const shown = conflict ? undefined : await git(["show", `${tree}:${stackFile}`], [0, 128]);
  return { head, base, files, conflict, text: shown?.code === 0 ? shown.stdout : undefined };
}

const HEAD_KEYS = ["environment", "secretsprovider", "encryptedkey", "encryptionsalt"];

/**
 * The proposed configuration below the head that is merged already: where secrets are kept and what opens them is not for a
 * proposal to say while they are at hand.
 *
 * @returns the text for Pulumi, and which keys of the head the proposal would change
 */
export function underOwnHead(own: string, proposal: string): { text: string; changed: string[] } {
  const [was, is] = [parseDocument(own), parseDocument(proposal)];
  const of = (document: typeof was, key: string): string =>
    isMap(document.contents) ? JSON.stringify(document.get(key) ?? null) : "null";
  const changed = HEAD_KEYS.filter((key) => of(was, key) !== of(is, key));
  for (const key of HEAD_KEYS) {
    if (was.has(key)) is.set(key, was.get(key));
    else is.delete(key);
  }
  return { text: String(is), changed };
}
