import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { withPrivateDir } from "../../lib/private-dir";
import type { Stack } from "../../stacks/stack";
import { run } from "../here/child";
import { withPersonsGit } from "../here/git";
import type { Outputs } from "../pulumi/outputs";
import { plain } from "../terminal/plain";
import type { Commit } from "./cause";

/** The configuration repository as a person may read it. */
export interface Repository {
  /** The last commit of the branch that the agent follows. */
  head(): Promise<string>;
  /** Fetches that commit and those before it, and lays out its files. @returns the directory */
  files(): Promise<string>;
  /** The last commit up to one that changed a file, of those that were fetched; undefined where that is not among them. */
  lastOf(file: string, upTo: string): Promise<Commit | undefined>;
  commit(sha: string): Promise<Commit | undefined>;
  /** The branch's last commits that were fetched, the newest first. */
  history(): Promise<Commit[]>;
}

/** Commits that are fetched: who broke a file is most often among these, and a repository's whole history may be large. */
export const DEPTH = 50;

/**
 * Runs `work` with the repository: by the key of a person where the environment serves its own Git, else by whatever the user's own
 * git has. What it throws says why it could not be read. Nothing of it is run: no hook, no filter, no submodule, no link.
 */
export function withRepository<T>(
  { name, sync }: Stack,
  outputs: Outputs,
  limitSeconds: number,
  work: (repository: Repository) => Promise<T>,
): Promise<T> {
  const { repository, branch, gitHost } = sync;
  const reading = (env: NodeJS.ProcessEnv, directory: string) =>
    work(repositoryAt({ address: repository, branch, env, directory: join(directory, "config"), limitSeconds }));
  if (gitHost.kind === "registry-node") return withPersonsGit(name, outputs, reading);
  const seconds = Math.ceil(limitSeconds / 2);
  const ssh = process.env.GIT_SSH_COMMAND ?? `ssh -o BatchMode=yes -o ConnectTimeout=${seconds}`;
  return withPrivateDir((directory) => reading({ ...process.env, GIT_SSH_COMMAND: ssh }, directory));
}

/** What the cluster says is no option of git's. */
const isSha = (text: string): boolean => /^[0-9a-f]{40,64}$/.test(text);

interface Asked {
  address: string;
  branch: string;
  env: NodeJS.ProcessEnv;
  /** Where its files will be. */
  directory: string;
  limitSeconds: number;
}

export function repositoryAt({ address, branch, env, directory, limitSeconds }: Asked): Repository {
  const git = async (...args: string[]): Promise<string> => {
    const done = await run("git", [...SAFE, ...args], {
      output: "capture",
      timeoutSeconds: limitSeconds,
      // Nobody is asked for a password, and no setting of the user's starts a program on what is fetched.
      env: { ...env, GIT_TERMINAL_PROMPT: "0", GIT_LFS_SKIP_SMUDGE: "1" },
    });
    if (done.code === 0) return done.stdout;
    const late = done.code === 143 ? `no answer within ${Math.round(limitSeconds)} s` : "";
    throw new Error(plain(done.stderr.replace(ADVICE, "") || late || `git ended with ${done.code}`));
  };
  const log = async (...args: string[]): Promise<Commit[]> => {
    const text = await git("-C", directory, "log", "--format=%H%x00%an%x00%aI%x00%s", ...args);
    return text.split("\n").flatMap((line) => {
      const [sha, author, date, subject] = line.split("\0");
      if (!sha || author === undefined || date === undefined || subject === undefined) return [];
      return [{ sha, subject: plain(subject, 80), author: plain(author, 60), date }];
    });
  };
  const show = async (...args: string[]): Promise<Commit | undefined> => (await log("-1", ...args))[0];
  let fetched: Promise<string> | undefined;
  const fetch = async (): Promise<string> => {
    mkdirSync(directory, { mode: 0o700 });
    const whole = ["--quiet", "--single-branch", "--no-tags", `--depth=${DEPTH}`, `--branch=${branch}`];
    await git("clone", ...whole, "--", address, directory);
    return directory;
  };
  return {
    head: async () => {
      const [sha] = (await git("ls-remote", "--exit-code", "--", address, `refs/heads/${branch}`)).split("\t");
      return sha ?? "";
    },
    files: () => {
      fetched ??= fetch();
      return fetched;
    },
    lastOf: async (file, upTo) => (isSha(upTo) ? show(upTo, "--", file) : undefined),
    commit: async (sha) => (isSha(sha) ? show(sha).catch(() => undefined) : undefined),
    history: () => log(),
  };
}

/** What git adds to any failure of a remote. */
const ADVICE = /^Please make sure you have the correct access rights\nand the repository exists\.\n?/m;

const SAFE = [
  "core.hooksPath=/dev/null",
  "core.symlinks=false",
  "submodule.recurse=false",
  "core.fsmonitor=false",
].flatMap((setting) => ["-c", setting]);
