import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kubectl, ready } from "./local";
import { until } from "./poll";
import { inEnvironment, must, repository, type } from "./user";

const COMMAND = /^(\.\/grunnmur|pulumi|eval|\(umask|git|kubeadm|while) /;

/** What docs/operating.md tells people to type: the lines of its shell blocks, and the spans within sentences. */
export function handbookCommands(): string[] {
  const text = readFileSync(join(repository, "docs", "operating.md"), "utf8");
  const lines: string[] = [];
  const sentences = text.replace(/^( *)```sh\n([\s\S]*?)^ *```$/gm, (_all, _indent, block: string) => {
    lines.push(...block.replaceAll(/\\\n\s*/g, "").split("\n"));
    return "";
  });
  const spans = [...sentences.matchAll(/`([^`]+)`/g)].map(([, span = ""]) => span);
  const commands = [...lines, ...spans].map((line) =>
    line
      .replace(/\s+#\s.*/, "")
      .replaceAll("…", "")
      .trim(),
  );
  return [...new Set(commands)].filter((command) => COMMAND.test(command));
}

/** Those of them that only look. `port-forward` serves until it is ended. */
export const looks = (command: string): boolean =>
  / kubectl (get|logs) |\/grunnmur (status|doctor|preview|--version|env)\b|pulumi stack (output|ls)|upgrade --plan|journalctl|list-timers|nft list/.test(
    command,
  );

/** Types those that only look as they stand, each in a shell of its own in the clone. */
export async function lookAround(): Promise<number> {
  await ready();
  const scratch = mkdtempSync(join(tmpdir(), "grunnmur-handbook-"));
  try {
    const commands = handbookCommands().filter(looks);
    for (const command of commands) {
      const here = command.replaceAll("../kubeconfig", join(scratch, "kubeconfig"));
      // The sentence before these has said how such a shell is made.
      const script = here.startsWith("pulumi ") ? inEnvironment(here) : here;
      const { code, stdout, stderr } = await type("bash", ["-ec", script]);
      // Nothing in a journal is an answer, and so is what a doctor found.
      const answered = code === 0 || /-- No entries --/.test(stdout) || (/ doctor$/.test(command) && stdout !== "");
      assert.ok(answered, `${command}\n${stderr}`);
    }
    assert.match(readFileSync(join(scratch, "kubeconfig"), "utf8"), /client-key-data/);
    return commands.length;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Those for an emergency: the agent is held up and waited for, what it applied changed, and the agent let go on. */
export const pastGitCommands = (): string[] =>
  handbookCommands().filter((command) => /^while | patch (kustomization|deployment) /.test(command));

/** Changes past Git what Git says, as the handbook has it for an emergency, and has it undone as the handbook has it. */
export async function pastGit(): Promise<number> {
  const [suspend, wait, patch, resume] = pastGitCommands();
  assert.ok(suspend && wait && patch && resume);
  const replicas = async () => {
    const asked = ["get", "deployment/payment-service", "-n", "production", "-o", "jsonpath={.spec.replicas}"];
    return (await must(kubectl(...asked))).stdout;
  };
  const before = await replicas();
  await must(type("bash", ["-ec", suspend]));
  await must(type("bash", ["-ec", wait]));
  await must(type("bash", ["-ec", patch]));
  const left: string[] = [];
  // As long as several of its looks, of which the first would have undone it.
  const since = performance.now();
  await until("looks of the agent", 300, async () => {
    left.push(await replicas());
    return performance.now() - since > 45_000;
  });
  assert.deepEqual([...new Set(left)], ["1"]);
  await must(type("bash", ["-ec", resume]));
  return until("what Git says", 300, async () => (await replicas()) === before);
}

/** Where the others are run, as it is written there: what changes something is tried where what follows is looked at. */
export const RUN_IN: Record<string, [file: string, words: string]> = {
  "./grunnmur git clone ssh://git@10.20.0.10/srv/git/config.git ../config": [
    "docs/tutorial.md",
    "./grunnmur git clone ssh://git@10.20.0.10/srv/git/config.git ../config\n",
  ],
  "git -C ../config commit -a": ["docs/tutorial.md", "git -C ../config commit"],
  "./grunnmur git -C ../config push": ["docs/tutorial.md", "./grunnmur git -C ../config push"],
  "./grunnmur kubectl": ["docs/tutorial.md", "./grunnmur kubectl "],
  "./grunnmur kubectl -- port-forward -n kube-system service/prometheus 9090": [
    "tests/support/alerts.ts",
    '"port-forward"',
  ],
  "./grunnmur upgrade": ["tests/upgrade/upgrade.test.ts", 'grunnmur("upgrade", ["--yes"]'],
  "./grunnmur rotate deploy-key": ["tests/ha/ha.test.ts", 'rotate("deploy-key")'],
  "./grunnmur rotate admin-ssh": ["tests/ha/ha.test.ts", 'rotate("admin-ssh")'],
  "./grunnmur rotate etcd-encryption": ["tests/ha/ha.test.ts", 'rotate("etcd-encryption")'],
  "./grunnmur rotate service-account-keys": ["tests/ha/ha.test.ts", 'rotate("service-account-keys")'],
  "./grunnmur rotate service-account-keys --finish": ["tests/ha/ha.test.ts", '"service-account-keys", "--finish"]'],
  "./grunnmur rotate sops": ["tests/support/secrets.ts", '"rotate", "sops", "--yes"]'],
  "./grunnmur rotate sops --finish": ["tests/support/secrets.ts", '"rotate", "sops", "--finish"'],
  "./grunnmur rotate registry": ["tests/ha/ha.test.ts", 'rotate("registry")'],
  "./grunnmur rotate registry --finish": ["tests/ha/ha.test.ts", 'rotate("registry", "--finish")'],
  "./grunnmur rotate ca": ["tests/ha/ha.test.ts", 'grunnmur("rotate", ["--yes", "ca"]'],
  "./grunnmur rotate ca --finish": ["tests/ha/ha.test.ts", '"ca", "--finish"]'],
  "./grunnmur rotate ingress": ["tests/support/day-two.ts", '"rotate", "ingress", "--yes"]'],
  "./grunnmur rotate ingress --finish": ["tests/support/day-two.ts", '"rotate", "ingress", "--finish"'],
  "./grunnmur sops encrypt --in-place FILE": ["tests/support/secrets.ts", '"sops", "encrypt", "--in-place"'],
  "./grunnmur sops edit FILE": ["tests/support/secrets.ts", '"sops", "edit"'],
  "./grunnmur init service ../config --name shop --tag TAG": [
    "docs/tutorial.md",
    "./grunnmur init service ../config --name shop",
  ],
  "./grunnmur init app-repo": ["cli/verbs/init.test.ts", '"app-repo"'],
  "./grunnmur bump shop=TAG --dir ../config": ["cli/verbs/bump.test.ts", '["bump", "--registry"'],
  "./grunnmur up": ["docs/tutorial.md", "./grunnmur up --yes"],
  "./grunnmur up --accept-loss worker-2": ["tests/ha/ha.test.ts", 'up("--accept-loss", "worker-2")'],
  "./grunnmur up --accept-loss NAME": ["tests/ha/ha.test.ts", 'up("--accept-loss", "worker-2")'],
  "./grunnmur up --accept-loss NAME --accept-loss URI": [
    "tests/remote/remote.test.ts",
    '"--accept-loss", theRig().uri(4)',
  ],
  "kubeadm reset --force": ["tests/remote/remote.test.ts", "kubeadm reset --force"],
  "./grunnmur replace NAME": ["tests/ha/ha.test.ts", 'grunnmur("replace", ["--yes", "worker-2"]'],
  "./grunnmur destroy": ["docs/tutorial.md", "./grunnmur destroy --yes"],
};
