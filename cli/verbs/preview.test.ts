import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { artifactReady } from "../../artifacts/store";
import { storeRoot } from "../../lib/places";
import { STACK_FIXTURES, STATE, type StackFixture, stackFile } from "../../policies/crossguard/stack-fixtures";
import { loadRules } from "../../policies/engine/load";
import { fromStackFile, parseStack } from "../../stacks/load";
import { policyPackArgs } from "../pulumi/policy-packs";
import { pulumiVariables } from "../pulumi/pulumi-environment";

const ROOT = join(__dirname, "..", "..");
const RULES = new Map(loadRules().map((rule) => [rule.id, rule]));
const lacking = ["pulumi", "flux-manifests"].filter((name) => !artifactReady(name));
const skip = lacking.length > 0 && `not in the artifact store: ${lacking.join(", ")}`;

/** Pulumi itself, with the platform's program and the packs as they are shipped, and a state of its own. */
describe("a real preview", { skip }, () => {
  let home = "";
  before(async () => {
    home = mkdtempSync(join(tmpdir(), "grunnmur-preview-"));
    symlinkSync(storeRoot(), join(home, "store"));
    copyFileSync(join(ROOT, "Pulumi.yaml"), join(home, "Pulumi.yaml"));
    await stackInit(home);
  });
  after(() => rmSync(home, { recursive: true, force: true }));

  function pulumi(words: string[], cwd: string, state = STATE): Promise<{ ok: boolean; output: string }> {
    const environment = {
      ...process.env,
      ...pulumiVariables(),
      GRUNNMUR_HOME: home,
      GRUNNMUR_STATE: JSON.stringify(state),
      PULUMI_BACKEND_URL: `file://${home}`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_CONFIG_PASSPHRASE_FILE: undefined,
    };
    const all = [...words, "--stack", "fixture", "--non-interactive", "--color", "never"];
    return new Promise((resolve) => {
      execFile("pulumi", all, { cwd, env: environment, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
        resolve({ ok: error === null, output: stdout + stderr }),
      );
    });
  }

  /** Pulumi writes a new stack's salt beside the project; the repository is no place for a test's. */
  async function stackInit(directory: string): Promise<void> {
    const { ok, output } = await pulumi(["stack", "init"], directory);
    assert.ok(ok, output);
  }

  async function preview(stack: string, { edits, state, applies }: Partial<StackFixture>) {
    const text = stackFile(stack, edits);
    const file = join(home, "Pulumi.fixture.yaml");
    const cwd = applies ? program(text, applies) : ROOT;
    if (applies) await stackInit(cwd);
    writeFileSync(file, text);
    return pulumi(["preview", "--config-file", file, ...policyPackArgs()], cwd, state);
  }

  /** A program that applies objects of its own beside the platform; its cluster is not there yet. */
  function program(stack: string, objects: object[]): string {
    const directory = join(home, "program");
    mkdirSync(directory, { recursive: true });
    symlinkSync(join(ROOT, "node_modules"), join(directory, "node_modules"));
    const description = {
      name: "beside",
      main: "index.js",
      runtime: { name: "nodejs", options: { typescript: false } },
    };
    writeFileSync(join(directory, "Pulumi.yaml"), JSON.stringify(description));
    writeFileSync(join(directory, "package.json"), JSON.stringify({ name: "beside", version: "1.0.0" }));
    writeFileSync(
      join(directory, "index.js"),
      `const [pulumi, random, kubernetes] = ["pulumi", "random", "kubernetes"].map((one) => require("@pulumi/" + one));
      new pulumi.ComponentResource("grunnmur:platform:Platform", "fixture", ${JSON.stringify(parseStack(fromStackFile(stack), "fixture"))});
      const kubeconfig = new random.RandomBytes("kubeconfig", { length: 8 }).hex;
      const provider = new kubernetes.Provider("cluster", { kubeconfig });
      for (const { apiVersion, kind, ...inputs } of ${JSON.stringify(objects)})
        new pulumi.CustomResource("kubernetes:" + apiVersion + ":" + kind, kind, { apiVersion, kind, ...inputs }, { provider });`,
    );
    return directory;
  }

  for (const stack of ["prod", "local"]) {
    it(`lets the shipped ${stack} stack pass`, async () => {
      const { ok, output } = await preview(stack, {});
      assert.ok(ok, output);
      assert.match(output, /✅ gdpr-data-locality/);
      assert.match(output, /✅ resource-limits/);
    });
  }

  // A preview takes seconds. What does not touch the same values is broken in one stack, and told of one by one.
  for (const broken of together(Object.entries(STACK_FIXTURES))) {
    let shown: ReturnType<typeof preview> | undefined;
    for (const [id, fixture] of broken)
      it(`is refused by ${id}, with the resource, the value and the remedy`, async () => {
        shown ??= preview("prod", all(broken.map(([, one]) => one)));
        const { ok, output } = await shown;
        assert.equal(ok, false, output);
        const said = /^Policies:.*?(?=^Diagnostics:)/ms.exec(output)?.[0] ?? output;
        assert.match(said, new RegExp(`❌ ${RULES.get(id)?.category}@`));
        assert.match(said, new RegExp(`\\[mandatory\\].* ${id}  \\(grunnmur:platform:Platform: (platform|fixture)\\)`));
        assert.match(said, fixture.says);
        assert.ok(said.includes(`Remedy: ${RULES.get(id)?.remediation.slice(0, 40)}`), said);
      });
  }
});

type Named = [rule: string, fixture: StackFixture];

/** Fixtures in groups of which no two change the same value. One that has a program of its own is alone. */
function together(fixtures: Named[]): Named[][] {
  const groups: Named[][] = [];
  for (const named of fixtures) {
    const group = groups.find((others) => others.every(([, other]) => goWith(named[1], other)));
    if (group) group.push(named);
    else groups.push([named]);
  }
  return groups;
}

function goWith(one: StackFixture, other: StackFixture): boolean {
  if (one.applies || other.applies || (one.state && other.state)) return false;
  const paths = ({ edits }: StackFixture) => edits.map(([path]) => path.join("/"));
  return paths(one).every((path) => paths(other).every((taken) => !path.startsWith(taken) && !taken.startsWith(path)));
}

function all(fixtures: StackFixture[]): Partial<StackFixture> {
  return {
    edits: fixtures.flatMap(({ edits }) => edits),
    state: fixtures.find(({ state }) => state)?.state,
    applies: fixtures.find(({ applies }) => applies)?.applies,
  };
}
