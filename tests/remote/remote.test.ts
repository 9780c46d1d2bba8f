import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { installHostPackages } from "../../artifacts/host-packages";
import { ensure } from "../../artifacts/store";
import { artifactsFor } from "../../cli/here/preparation";
import { readStack } from "../../cli/pulumi/stack-file";
import { printed } from "../../cli/verbs/support/printed";
import { sshKey } from "../../components/keys/ssh";
import { renderConfigRepo } from "../../gitops/render";
import type { RepoFile } from "../../gitops/templates";
import { kubectlPath } from "../../infra/artifacts";
import { patienceHere } from "../../lib/machine";
import { makeByHand } from "../support/by-hand";
import { Gitea } from "../support/gitea";
import { opensOnePullRequest } from "../support/gitea-pipeline";
import { stackFileOf } from "../support/many-nodes";
import { until } from "../support/poll";
import { Rig } from "../support/rig";
import { stepsOf } from "../support/steps";
import { must, type Typed } from "../support/user";

// The shape of `prod`, three control planes over hypervisors that are other machines, reached over SSH and not as root. The
// machines are this one's, in network namespaces. On demand: emulated, it takes an hour.

const STACK = "remote";
const MINUTES = 60_000;
const VIRTUAL = "10.30.0.5";
const stackFile = stackFileOf(STACK);
const PRODUCTION = `clusters/${STACK}/production`;
const OTHERS_KEY = sshKey(Buffer.alloc(32, 8).toString("base64"), "other").publicKey.split(" ").slice(0, 2).join(" ");
let rig: Rig | undefined;
let gitea: Gitea | undefined;

/** Whether the key to another's Git host is still read-only is asked each time. */
const onlyTheProof = /\b1 update\./;
const theRig = (): Rig => rig ?? assert.fail("no rig");
const theGitea = (): Gitea => gitea ?? assert.fail("no Gitea");
const merged = (value: string): RepoFile => ({
  path: `${PRODUCTION}/merged.yaml`,
  content: `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: merged\n  namespace: production\ndata:\n  value: "${value}"\n`,
});
const grunnmur = (verb: string, args: string[] = [], show = false): Promise<Typed> =>
  theRig().grunnmur([verb, "--stack", STACK, ...args], show);
const up = (...args: string[]) => must(grunnmur("up", ["--yes", ...args], true));

/** Where each node is: the hypervisor's number. */
type Places = Record<string, number>;
const AT_FIRST: Places = { "registry-1": 2, "control-1": 2, "control-2": 3, "control-3": 4, "worker-1": 3 };

before(async () => {
  assert.ok(!existsSync(stackFile), `${stackFile} is this test's own name: move it away`);
  await installHostPackages();
  rig = await Rig.of(2, 3, 4);
  gitea = await Gitea.in(rig);
  rig.env.CURL_CA_BUNDLE = gitea.caFile;
  await gitea.addDeployKey("grunnmur other", OTHERS_KEY, true);
  const scaffold = renderConfigRepo({
    cluster: STACK,
    registry: `registry.${STACK}.grunnmur.internal`,
    region: "NO",
    profile: "NO",
  });
  const listed = scaffold.map((file) =>
    file.path === `${PRODUCTION}/kustomization.yaml`
      ? { ...file, content: `${file.content.trimEnd()}\n  - merged.yaml\n` }
      : file,
  );
  await gitea.commit("main", "Begin", [...listed, merged("one")]);
  declare(AT_FIRST);
  // There is no way out of where `up` runs.
  await ensure(artifactsFor(readStack(STACK)));
});

after(async () => {
  if (existsSync(stackFile)) await grunnmur("destroy", ["--yes", "--accept-loss", theRig().uri(4)], true);
  rmSync(stackFile, { force: true });
  await gitea?.stop();
  await rig?.down();
});

test("prod's shape over three remote hypervisors", { timeout: 150 * patienceHere() * MINUTES }, async (t) => {
  const step = stepsOf(t);

  await step("without a token for the Git host nothing begins", async () => {
    const { code, stderr } = await grunnmur("up", ["--yes"]);
    assert.notEqual(code, 0);
    assert.match(stderr, /gitHostToken/);
    assert.deepEqual(await guests(2), []);
    const token = join(theRig().directory, "token");
    writeFileSync(token, await theGitea().tokenForStack(), { mode: 0o600 });
    const set = `pulumi config set --secret grunnmur:gitHostToken --stack ${STACK} <${token}`;
    await must(theRig().withEnvironment(set, STACK));
  });

  await step("another's host key ends the run, and nothing is made", async () => {
    declare(AT_FIRST, { keyOf: (number) => theRig().hostKey(number === 4 ? 3 : number) });
    const { code, stdout, stderr } = await grunnmur("up", ["--yes"]);
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /cannot reach libvirt at \S*10\.30\.0\.4[\s\S]*[Hh]ost key verification failed/);
    assert.deepEqual(await guests(4), []);
  });

  await step("it stands", async (context) => {
    declare(AT_FIRST);
    const { seconds } = await up();
    context.diagnostic(`up: ${seconds.toFixed(0)} s`);
    await allReady(AT_FIRST);
    for (const number of [2, 3, 4]) {
      const names = Object.keys(AT_FIRST).filter((name) => AT_FIRST[name] === number);
      assert.deepEqual(await guests(number), names.map((name) => `${STACK}.${name}`).sort());
    }
    assert.match((await up()).stderr, onlyTheProof);
  });

  const keys = async () => {
    const all = await theGitea().deployKeys();
    assert.ok(all.every(({ readOnly }) => readOnly));
    assert.ok(
      all.some(({ key }) => key === OTHERS_KEY),
      "another stack's key is left alone",
    );
    return all.filter(({ key }) => key !== OTHERS_KEY).map(({ title, key }) => `${title}: ${key}`);
  };

  await step(
    "its key is registered at a real Gitea, and a merged pull request reaches the cluster",
    async (context) => {
      assert.equal((await keys()).length, 1);
      await theGitea().commit("change", "Change it", [merged("two")]);
      const commit = await theGitea().merge("change");
      const value = ["get", "configmap", "merged", "-n", "production", "-o", "jsonpath={.data.value}"];
      const live = await until("what was merged", 600, async () => {
        return (await grunnmur("kubectl", ["--", ...value])).stdout === "two";
      });
      context.diagnostic(`merged and live: ${live.toFixed(0)} s`);
      const { stdout } = await must(grunnmur("status", ["--json"]));
      const { agent } = printed("status", stdout);
      assert.ok(agent.readOnlyKey && agent.lastApplied?.includes(commit), JSON.stringify(agent));
    },
  );

  await step("a commit of an application's pipeline becomes one pull request there, however often its job runs", () =>
    opensOnePullRequest(theGitea(), (command, args) => theRig().run(command, args)),
  );

  await step("another deploy key takes the place of the first", async () => {
    const before = await keys();
    await must(grunnmur("rotate", ["--yes", "deploy-key"], true));
    const after = await keys();
    assert.equal(after.length, 1);
    assert.notDeepEqual(after, before);
    await theGitea().commit("another", "Change it again", [merged("three")]);
    const commit = await theGitea().merge("another");
    await until("what was merged then", 600, async () => {
      const { stdout } = await grunnmur("status", ["--json"]);
      return printed("status", stdout).agent.lastApplied?.includes(commit) === true;
    });
  });

  await step("a person's kubeconfig outlives the control plane that has the virtual address", async (context) => {
    const file = join(theRig().directory, "kubeconfig");
    const shown = await must(
      theRig().withEnvironment(`pulumi stack output kubeconfig --show-secrets --stack ${STACK}`, STACK),
    );
    writeFileSync(file, shown.stdout, { mode: 0o600 });
    const config = JSON.parse(shown.stdout) as { clusters: [{ cluster: { server: string } }] };
    assert.equal(config.clusters[0].cluster.server, `https://${VIRTUAL}:6443`);
    const asked = () => theRig().run(kubectlPath(), ["--kubeconfig", file, "--request-timeout=20s", "get", "nodes"]);
    await until("an answer at the virtual address", 300, async () => (await asked()).code === 0);
    const [holder, ...others] = await holders();
    assert.ok(holder && others.length === 0, `it is at ${[holder, ...others].join(", ")}`);
    await must(theRig().virsh(AT_FIRST[holder] ?? 0, "destroy", `${STACK}.${holder}`));
    const moved = await until("an answer of another", 900, async () => (await asked()).code === 0);
    context.diagnostic(`${holder} had it and was powered off: it answers ${moved.toFixed(0)} s later`);
    assert.notDeepEqual(await holders(), [holder]);
    await up();
    await allReady(AT_FIRST);
  });

  await step("a full pool stops the node that would lie there, and the next run goes on without it", async () => {
    declare({ ...AT_FIRST, "worker-2": 2 }, { fullFor: "worker-2" });
    const { code, stdout, stderr } = await grunnmur("up", ["--yes"]);
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /No space left on device/);
    declare(AT_FIRST);
    await up("--accept-loss", "worker-2");
    await allReady(AT_FIRST);
    assert.deepEqual(await volumes(2, "full"), []);
  });

  await step("a machine that somebody else made joins, leaves, and does not come back", async (context) => {
    const shown = await must(
      theRig().withEnvironment(`pulumi stack output --json --show-secrets --stack ${STACK}`, STACK),
    );
    const { adminPublicKey: adminKey, sshKey: key } = JSON.parse(shown.stdout) as Record<string, string>;
    assert.ok(adminKey && key);
    const own = { name: "worker-2", address: "10.30.0.22" };
    const hostKey = await makeByHand(theRig(), 4, { ...own, adminKey });
    declare(AT_FIRST, { existing: { ...own, hostKey } });
    const { seconds } = await up();
    context.diagnostic(`with its start: ${seconds.toFixed(0)} s`);
    await allReady({ ...AT_FIRST, "worker-2": 4 });
    declare(AT_FIRST);
    const left = await up();
    assert.match(left.stdout, /worker-2 is empty/);
    await allReady(AT_FIRST);
    const file = join(theRig().directory, "admin");
    writeFileSync(file, key, { mode: 0o600 });
    const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "IdentitiesOnly=yes"];
    const ssh = (command: string) =>
      theRig().run("ssh", ["-i", file, ...options.flatMap((each) => ["-o", each]), `root@${own.address}`, command]);
    await must(ssh("kubeadm reset --force"));
    // What the kubelet would do is done within a minute of its start.
    await ssh("systemctl reboot");
    await until("its start", 600, async () => (await ssh("uptime | grep -E 'up [1-9] min'")).code === 0);
    await allReady(AT_FIRST);
    await must(theRig().virsh(4, "destroy", own.name));
    await must(theRig().virsh(4, "undefine", own.name));
    for (const part of ["qcow2", "seed"])
      await must(theRig().virsh(4, "vol-delete", "--pool", "nvme", `${own.name}.${part}`));
  });

  await step("a hypervisor is lost: it is named, nothing hangs, and its node goes elsewhere", async (context) => {
    await theRig().lose(4);
    await until("the end of control-3, to the cluster", 600, async () => {
      const { stdout } = await grunnmur("status", ["--json"]);
      return printed("status", stdout).nodes.some(({ name, ready }) => name === "control-3" && !ready);
    });
    const preview = await grunnmur("preview");
    assert.match(preview.stdout + preview.stderr, /Hypervisor kvm-4 does not answer/);
    const elsewhere: Places = { ...AT_FIRST, "control-3": 2 };
    declare(elsewhere);
    const asked = await grunnmur("up", ["--yes"], true);
    assert.notEqual(asked.code, 0);
    assert.match(asked.stdout + asked.stderr, /--accept-loss 'qemu\+ssh:\/\/grunnmur@10\.30\.0\.4\/system'/);
    const { seconds } = await up("--accept-loss", theRig().uri(4));
    context.diagnostic(`a control plane on a lost hypervisor made anew on another: ${seconds.toFixed(0)} s`);
    assert.deepEqual(
      await guests(2),
      ["control-1", "control-3", "registry-1"].map((name) => `${STACK}.${name}`),
    );
    await allReady(elsewhere);
    assert.match((await up()).stderr, onlyTheProof);
  });

  await step("destroy leaves nothing on the hypervisors", async () => {
    await must(grunnmur("destroy", ["--yes"], true));
    rmSync(stackFile);
    assert.deepEqual(await keys(), []);
    for (const number of [2, 3]) {
      assert.deepEqual(await guests(number), []);
      assert.deepEqual(await volumes(number, "nvme"), []);
    }
  });
});

/** Which control planes have the virtual address. */
async function holders(): Promise<string[]> {
  const look = async (name: string) => {
    const { stdout } = await grunnmur("ssh", [name, `ip -o -4 address show to ${VIRTUAL}`]);
    return stdout.includes(VIRTUAL) ? [name] : [];
  };
  const found = await Promise.all(["control-1", "control-2", "control-3"].map(look));
  return found.flat();
}

interface Declared {
  keyOf?: (number: number) => string;
  /** The node that lies in the pool that is full. */
  fullFor?: string;
  /** A worker that is not made by grunnmur. */
  existing?: { name: string; address: string; hostKey: string };
}

function declare(
  places: Places,
  { keyOf = (number) => theRig().hostKey(number), fullFor, existing }: Declared = {},
): void {
  const hypervisor = (number: number, name: string, uri: string, pool: string): string => `    - name: ${name}
      kind: remote
      site: osl-1
      uri: ${uri}
      sshHostKey: ${keyOf(number)}
      bridge: br0
      storagePool: ${pool}
      emulated: true
      cores: 16
      memoryMiB: 16384
`;
  const node = (name: string, number: number): string => {
    const role = name.startsWith("registry") ? "registry" : name.startsWith("control") ? "control-plane" : "worker";
    const memoryMiB = { registry: 768, "control-plane": 2560, worker: 2048 }[role];
    return `    - name: ${name}
      kind: libvirt
      role: ${role}
      hypervisor: ${name === fullFor ? "full" : `kvm-${number}`}
      address: 10.30.0.${role === "registry" ? 10 : (role === "worker" ? 20 : 10) + Number(name.slice(-1))}
      cores: ${role === "registry" ? 1 : 2}
      memoryMiB: ${memoryMiB}
      diskGiB: 20
`;
  };
  const used = [...new Set(Object.values(places))].sort();
  const full = fullFor ? places[fullFor] : undefined;
  const hypervisors = [
    ...used.map((number) => hypervisor(number, `kvm-${number}`, theRig().uri(number), "nvme")),
    ...(full ? [hypervisor(full, "full", theRig().uri(full).replace("/system", ":22/system"), "full")] : []),
  ];
  const found = existing
    ? `    - name: ${existing.name}
      kind: existing
      role: worker
      site: osl-1
      address: ${existing.address}
      sshHostKey: ${existing.hostKey}
      cores: 2
      memoryMiB: 2048
      diskGiB: 20
`
    : "";
  const nodes = [...Object.entries(places).map(([name, number]) => node(name, number)), found];
  // The token that was set, which is in no other place.
  const before = existsSync(stackFile) ? readFileSync(stackFile, "utf8") : "";
  const secret = /^ {2}grunnmur:gitHostToken:\n(?: {4}.*\n)+/m.exec(before)?.[0] ?? "";
  writeFileSync(
    stackFile,
    `config:
  grunnmur:environment: development
  grunnmur:locality:
    profile: "NO"
  grunnmur:network:
    cidr: 10.30.0.0/24
    gateway: 10.30.0.1
  grunnmur:hypervisors:
${hypervisors.join("")}  grunnmur:nodes:
${nodes.join("")}  grunnmur:registry:
    host: registry.${STACK}.grunnmur.internal
  grunnmur:cluster:
    virtualAddress: ${VIRTUAL}
  grunnmur:sync:
    repository: ${theGitea().repository}
    branch: main
    intervalSeconds: 10
    hostKey: ${theGitea().hostKey}
    gitHost:
      kind: gitea
      url: ${theGitea().url}
  grunnmur:destinations:
    - host: 10.30.0.1
      country: "NO"
      legalBasis: GDPR Art. 6(1)(f), operation of the platform
      agreement: own installation, no processor
      expires: "2099-12-31"
${secret}`,
  );
}

async function guests(number: number): Promise<string[]> {
  const { stdout } = await must(theRig().virsh(number, "list", "--all", "--name"));
  return stdout.split("\n").filter(Boolean).sort();
}

async function volumes(number: number, pool: string): Promise<string[]> {
  const { stdout } = await must(theRig().virsh(number, "vol-list", pool));
  return stdout.split("\n").flatMap((line) => line.trim().split(/\s+/)[0] || []);
}

async function allReady(places: Places): Promise<void> {
  await until("an environment that is ready", 1200, async () => (await grunnmur("status")).code === 0);
  const { stdout } = await must(grunnmur("status", ["--json"]));
  const { nodes } = printed("status", stdout);
  assert.deepEqual(nodes.map(({ name }) => name).sort(), Object.keys(places).sort());
}
