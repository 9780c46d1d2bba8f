import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Outputs } from "../../../cli/outputs";
import { sshArgs, withAgent } from "../../../cli/ssh";
import { must, type Typed, type } from "./user";

const AUTHOR = ["-c", "user.name=A Person", "-c", "user.email=person@example.no"];

/** A clone of the configuration repository, made and pushed with one SSH key. */
export interface Clone {
  directory: string;
  git: (...args: string[]) => Promise<Typed>;
}

/** Clones the configuration repository from the registry's node with a key, and runs `work` on the clone. */
export async function withClone(outputs: Outputs, key: string, work: (clone: Clone) => Promise<void>): Promise<void> {
  const node = outputs.nodes?.find(({ role }) => role === "registry");
  const hostKey = outputs.hostKeys?.[node?.name ?? ""];
  if (!node || !hostKey) throw new Error("no registry node or no host key among the outputs");
  const directory = mkdtempSync(join(tmpdir(), "grunnmur-e2e-"));
  try {
    await withAgent(directory, key, async (socket) => {
      const ssh = ["ssh", ...sshArgs(directory, { name: node.name, reach: node.reach, hostKey }, socket)].join(" ");
      const env = { GIT_SSH_COMMAND: ssh, GIT_TERMINAL_PROMPT: "0" };
      const clone = join(directory, "config");
      await must(type("git", ["clone", "-q", `ssh://git@${node.reach}/srv/git/config.git`, clone], { env }));
      await work({ directory: clone, git: (...args) => type("git", [...AUTHOR, ...args], { env, cwd: clone }) });
    });
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
