import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sshArgs, withAgent } from "../../cli/here/ssh";
import type { Outputs } from "../../cli/pulumi/outputs";
import { grunnmur, must, type Typed, type } from "./user";

const AUTHOR = ["-c", "user.name=A Person", "-c", "user.email=person@example.no"];

type Git = (...args: string[]) => Promise<Typed>;

/** A clone of the configuration repository. */
export interface Clone {
  directory: string;
  git: Git;
}

/** Clones the configuration repository as a person does, with `./grunnmur git`, and runs `work` on the clone. */
export async function withClone(
  outputs: Outputs,
  work: (clone: Clone) => Promise<void>,
  stack = "local",
): Promise<void> {
  const { address } = registryNode(outputs);
  await inClone((...args) => grunnmur(["git", "--stack", stack, ...args]), urlAt(address), work);
}

/** The same with an SSH key and plain git. */
export const withCloneByKey = (outputs: Outputs, key: string, work: (clone: Clone) => Promise<void>): Promise<void> =>
  withGit(outputs, key, ({ env, url }) => inClone((...args) => type("git", args, { env }), url, work));

/** Runs `work` with what plain git needs in its environment to reach the configuration repository with an SSH key, and its URL. */
export async function withGit(
  outputs: Outputs,
  key: string,
  work: (git: { env: NodeJS.ProcessEnv; url: string }) => Promise<void>,
): Promise<void> {
  const { name, reach } = registryNode(outputs);
  const hostKey = outputs.hostKeys?.[name];
  if (!hostKey) throw new Error(`no host key of ${name} among the outputs`);
  await withDirectory((directory) =>
    withAgent(directory, key, async (socket) => {
      const ssh = ["ssh", ...sshArgs(directory, { name, reach, hostKey }, socket)].join(" ");
      await work({ env: { GIT_SSH_COMMAND: ssh, GIT_TERMINAL_PROMPT: "0" }, url: urlAt(reach) });
    }),
  );
}

const urlAt = (address: string): string => `ssh://git@${address}/srv/git/config.git`;

function registryNode(outputs: Outputs) {
  const node = outputs.nodes?.find(({ role }) => role === "registry");
  if (!node) throw new Error("no registry node among the outputs");
  return node;
}

async function inClone(git: Git, url: string, work: (clone: Clone) => Promise<void>): Promise<void> {
  await withDirectory(async (parent) => {
    const directory = join(parent, "config");
    await must(git("clone", "-q", url, directory));
    await work({ directory, git: (...args) => git("-C", directory, ...AUTHOR, ...args) });
  });
}

async function withDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "grunnmur-e2e-"));
  try {
    await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Sets `replicas:` of a Deployment, in whichever file of the clone it stands, and commits. */
export async function commitReplicas({ directory, git }: Clone, name: string, replicas: number): Promise<void> {
  const file = readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".yaml") && !path.startsWith(".git/"))
    .find((path) => isDeployment(readFileSync(join(directory, path), "utf8"), name));
  if (!file) throw new Error(`no Deployment ${name} in the configuration repository`);
  const path = join(directory, file);
  writeFileSync(path, readFileSync(path, "utf8").replace(/^( +replicas:) *\d+/m, `$1 ${replicas}`));
  await must(git("commit", "-qam", `Run ${replicas} of ${name}`));
}

const isDeployment = (text: string, name: string): boolean =>
  /^kind: Deployment$/m.test(text) && new RegExp(`^ +name: ${name}$`, "m").test(text);
