import assert from "node:assert/strict";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { sshArgs, withAgent } from "../../cli/here/ssh";
import type { Outputs } from "../../cli/pulumi/outputs";
import { printed } from "../../cli/verbs/support/printed";
import { kubectlPath } from "../../infra/artifacts";
import { kubectlWith } from "../../infra/drain";
import { patienceHere } from "../../lib/machine";
import { environmentDir } from "../../lib/places";
import { withPrivateDir } from "../../lib/private-dir";
import { type Clone, withClone, withCloneByKey } from "../support/git";
import { Leases, overlaps } from "../support/leases";
import { traces } from "../support/machine";
import { declare, stackFileOf } from "../support/many-nodes";
import { until } from "../support/poll";
import { Probe } from "../support/probe";
import { CiRegistry } from "../support/registry";
import { stepsOf } from "../support/steps";
import { must, repository, grunnmur as run, type Typed, type, withEnvironment } from "../support/user";

// One environment whose nodes come, go and are lost, while somebody asks its service something every second. On demand: on
// emulated CPUs it takes three hours and more, and three control planes are all that two cores bear.

const STACK = "ha";
const DISKS = { "registry-1": 4 };
const LAST_APPLIED = "jsonpath={.status.lastAppliedRevision}";
const MINUTES = 60_000;
const stackFile = stackFileOf(STACK);
// Guests with two would wait for each other's: four of them share this machine's.
const declared = (controlPlanes: string[], workers: string[], disks: Record<string, number>): void =>
  declare(STACK, controlPlanes, workers, disks, 1);
let mayDestroy = false;

const grunnmur = (verb: string, args: string[] = [], show = false): Promise<Typed> =>
  run([verb, "--stack", STACK, ...args], { show });
const kubectl = (...args: string[]) => grunnmur("kubectl", ["--", ...args]);
const ssh = (node: string, ...command: string[]) => grunnmur("ssh", [node, ...command]);
const up = (...args: string[]) => must(grunnmur("up", ["--yes", ...args], true));

before(async () => {
  assert.ok(!existsSync(stackFile), `${stackFile} is this test's own name: move it away`);
  declared(["control-1"], ["worker-1"], DISKS);
  const { code, stderr } = await run(["destroy", "--stack", STACK], { env: { CI: "" } });
  assert.equal(code, 0, stderr);
  mayDestroy = true;
});

after(async () => {
  if (mayDestroy) await grunnmur("destroy", ["--yes"], true);
  rmSync(stackFile, { force: true });
});

test("nodes come, go and are lost, and the service answers", { timeout: 240 * patienceHere() * MINUTES }, async (t) => {
  const step = stepsOf(t);
  let probe: Probe | undefined;
  let leases: Leases | undefined;
  t.after(() => {
    probe?.stop();
    leases?.stop();
  });
  const took = (context: TestContext, what: string, { seconds }: Pick<Typed, "seconds">): void =>
    context.diagnostic(`${what}: ${seconds.toFixed(0)} s; ${probe?.since() ?? "nobody asked yet"}`);

  await step("one control plane and one worker", async (context) => {
    took(context, "up", await up());
    probe = await Probe.from(STACK, "worker-1");
    leases = new Leases([join(repository, "grunnmur"), "kubectl", "--stack", STACK, "--"], repository);
  });

  await step("a control plane renews its certificates, and serves", async (context) => {
    const before = await ends("control-1");
    // As if it were the time: 400 days are longer than any of them lasts.
    const renewal = "sed 's/120 \\* 86400/400 * 86400/' /usr/local/lib/grunnmur/certificates.sh | PATIENCE=3600 bash";
    const renewed = await must(ssh("control-1", renewal));
    assert.match(renewed.stdout, /kube-scheduler started anew\nthe certificates of this control plane are renewed/);
    assert.notEqual(await ends("control-1"), before);
    took(context, "renewal", renewed);
    await allReady(["control-1", "worker-1"]);
  });

  await step("a worker joins, with a data disk", async (context) => {
    declared(["control-1"], ["worker-1", "worker-2"], { ...DISKS, "worker-2": 5 });
    took(context, "a worker more", await up());
    await allReady(["control-1", "worker-1", "worker-2"]);
    await must(ssh("worker-2", "mountpoint /var/lib/grunnmur/data && echo precious >/var/lib/grunnmur/data/kept"));
  });

  await step("a worker that is replaced is empty before it goes, and the service answers", async (context) => {
    const replaced = await must(grunnmur("replace", ["--yes", "worker-2"], true));
    assert.match(replaced.stdout, /worker-2 is empty/);
    took(context, "replace", replaced);
    await allReady(["control-1", "worker-1", "worker-2"]);
    assert.equal((await must(ssh("worker-2", "cat", "/var/lib/grunnmur/data/kept"))).stdout, "precious\n");
  });

  await step("credentials are rotated while it runs, and the old ones open nothing", async (context) => {
    const rotate = async (...args: string[]) =>
      took(context, `rotate ${args.join(" ")}`, await must(grunnmur("rotate", ["--yes", ...args], true)));
    const before = await outputs();
    const ci = new CiRegistry(JSON.stringify(before));
    await ci.push("team/before:1", "one");
    await rotate("registry");
    await ci.digest("team/before:1");
    assert.match((await grunnmur("status")).stdout, /rotate registry --stack ha --finish/);
    await rotate("registry", "--finish");
    await assert.rejects(ci.digest("team/before:1"), /UNAUTHORIZED|authentication required/);
    await new CiRegistry(JSON.stringify(await outputs())).digest("team/before:1");
    // Nodes pull with theirs.
    const pull = "ctr -n grunnmur images pull --hosts-dir /etc/containerd/certs.d";
    await must(ssh("worker-2", `${pull} registry.${STACK}.grunnmur.internal/team/before:1`));

    await rotate("admin-ssh");
    const key = (before as { sshKey: string }).sshKey;
    for (const node of ["registry-1", "control-1", "worker-2"]) {
      assert.equal((await must(ssh(node, "hostname"))).stdout.trim(), node);
      assert.match((await withKey(before, node, key, "hostname")).stderr, /Permission denied \(publickey\)/);
    }

    const secret = async () => {
      const pki = "--cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/healthcheck-client.crt";
      const key = Buffer.from("/registry/secrets/flux-system/deploy-key").toString("base64");
      const asked = `curl -sf ${pki.replaceAll("=", " ")} --key /etc/kubernetes/pki/etcd/healthcheck-client.key`;
      const { stdout } = await must(
        ssh("control-1", `${asked} -d '{"key":"${key}"}' https://127.0.0.1:2379/v3/kv/range`),
      );
      const [found] = (JSON.parse(stdout) as { kvs: { value: string }[] }).kvs;
      return Buffer.from(found?.value ?? "", "base64")
        .toString("latin1")
        .slice(0, 40);
    };
    assert.match(await secret(), /^k8s:enc:secretbox:v1:key1:/);
    await rotate("etcd-encryption");
    assert.match(await secret(), /^k8s:enc:secretbox:v1:key2:/);
    await must(kubectl("get", "secrets", "--all-namespaces"));

    const old = await signedBy();
    await rotate("service-account-keys");
    assert.notEqual(await signedBy(), old);
    assert.deepEqual((await knownKeys()).sort(), [old, await signedBy()].sort());
    assert.ok((await oldTokensEnd()) > Date.now());

    await rotate("deploy-key");
    const former = (before as { deployKeyPrivate?: string }).deployKeyPrivate ?? assert.fail("no key");
    await assert.rejects(
      withCloneByKey(before, former, async () => undefined),
      /Permission denied \(publickey\)/,
    );
    await pushed(await outputs(), "rotated");
    await allReady(["control-1", "worker-1", "worker-2"]);
  });

  await step("a data disk grows while its node runs, and does not shrink", async (context) => {
    const gib = async () =>
      Number((await must(ssh("worker-2", "findmnt -bno SIZE /var/lib/grunnmur/data"))).stdout) / 2 ** 30;
    const before = await gib();
    declared(["control-1"], ["worker-1", "worker-2"], { ...DISKS, "worker-2": 4 });
    const refused = await grunnmur("up", ["--yes"]);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /worker-2[^\n]*dataDiskGiB|dataDiskGiB[^\n]*worker-2/);
    declared(["control-1"], ["worker-1", "worker-2"], { ...DISKS, "worker-2": 7 });
    took(context, "a larger data disk", await up());
    context.diagnostic(`${before.toFixed(1)} GiB became ${(await gib()).toFixed(1)}`);
    assert.ok((await gib()) - before > 1.5);
  });

  await step("a worker that is lost is replaced", async (context) => {
    await must(virsh("destroy", "worker-2"));
    await until("its end, to the cluster", 300, async () => !(await nodeReady("worker-2")));
    const report = await grunnmur("status");
    assert.match(report.stdout, /node worker-2 is dead[\s\S]*\.\/grunnmur replace --stack ha worker-2/);
    took(context, "replace", await must(grunnmur("replace", ["--yes", "worker-2"], true)));
    await allReady(["control-1", "worker-1", "worker-2"]);
    assert.equal((await must(ssh("worker-2", "cat", "/var/lib/grunnmur/data/kept"))).stdout, "precious\n");
  });

  await step("the registry's node is lost and replaced, and has what was pushed to it", async (context) => {
    const now = await outputs();
    const registry = new CiRegistry(JSON.stringify(now));
    await registry.push("team/kept:1", "precious");
    const digest = await registry.digest("team/kept:1");
    const head = async () =>
      (await must(ssh("registry-1", "git -c safe.directory=* -C /srv/git/config.git rev-parse main"))).stdout;
    await pushed(now, "kept");
    const before = await head();
    await must(virsh("destroy", "registry-1"));
    took(context, "replace", await must(grunnmur("replace", ["--yes", "registry-1"], true)));
    assert.equal(await head(), before);
    assert.equal(await registry.digest("team/kept:1"), digest);
    await allReady(["control-1", "worker-1", "worker-2"]);
  });

  await step("a worker that is removed is asked for, empty before it goes, and forgotten", async (context) => {
    declared(["control-1"], ["worker-1"], DISKS);
    const asked = await grunnmur("up", ["--yes"]);
    assert.match(asked.stderr, /--accept-loss worker-2/);
    const removed = await up("--accept-loss", "worker-2");
    assert.match(removed.stdout, /worker-2 is empty/);
    took(context, "a worker less", removed);
    await allReady(["control-1", "worker-1"]);
    assert.match((await up()).stderr, /No changes/);
  });

  await step("what cannot be replaced is refused, and nothing is touched", async () => {
    const { code, stderr } = await grunnmur("replace", ["--yes", "control-1", "worker-7"]);
    assert.equal(code, 1);
    assert.match(stderr, /only control plane[\s\S]*no node "worker-7"/);
    assert.equal((await grunnmur("status")).code, 0);
  });

  await step(
    "an hour after its API server started, the old key of service accounts is taken no more",
    async (context) => {
      const end = await oldTokensEnd();
      await until("the end of tokens that it signed", 4200, async () => Date.now() > end);
      took(context, "finish", await must(grunnmur("rotate", ["--yes", "service-account-keys", "--finish"], true)));
      assert.deepEqual(await knownKeys(), [await signedBy()]);
      await pushed(await outputs(), "tokens");
      await allReady(["control-1", "worker-1"]);
    },
  );

  await step("one control plane becomes three", async (context) => {
    declared(["control-1", "control-2", "control-3"], ["worker-1"], DISKS);
    took(context, "two control planes more", await up());
    await allReady(["control-1", "control-2", "control-3", "worker-1"]);
    await onlyMembers("control-1", ["control-1", "control-2", "control-3"]);
  });

  for (const [lost, other] of [
    ["control-1", "control-2"],
    ["control-2", "control-3"],
    ["control-3", "control-1"],
  ] as const) {
    await step(`${lost} is lost and replaced`, async (context) => {
      await must(virsh("destroy", lost));
      await until("an answer of another control plane", 120, async () => (await kubectl("get", "nodes")).code === 0);
      await until("its end, to the cluster", 300, async () => !(await nodeReady(lost)));
      const { stdout } = await grunnmur("status");
      assert.match(stdout, new RegExp(`node ${lost} is dead`));
      took(context, "replace", await must(grunnmur("replace", ["--yes", lost], true)));
      await allReady(["control-1", "control-2", "control-3", "worker-1"]);
      await onlyMembers(other, ["control-1", "control-2", "control-3"]);
    });
  }

  await step("the cluster's authorities are rotated, and what the old ones signed opens nothing", async (context) => {
    const before = await outputs();
    took(context, "rotate ca", await must(grunnmur("rotate", ["--yes", "ca"], true)));
    assert.match(await nodesBy(kubeconfigOf(before)), /control-3/, "what was handed out is taken meanwhile");
    took(context, "rotate ca --finish", await must(grunnmur("rotate", ["--yes", "ca", "--finish"], true)));
    await allReady(["control-1", "control-2", "control-3", "worker-1"]);
    const after = kubeconfigOf(await outputs());
    assert.match(await nodesBy(after), /control-3/);
    const [{ cluster: known }] = after.clusters;
    const former = kubeconfigOf(before);
    await assert.rejects(nodesBy(former), /certificate signed by unknown authority/);
    former.clusters[0].cluster["certificate-authority-data"] = known["certificate-authority-data"];
    await assert.rejects(nodesBy(former), /Unauthorized|must be logged in/);
    await pushed(await outputs(), "authorities");
  });

  await step("three control planes become one, and it is not the first", async (context) => {
    declared(["control-3"], ["worker-1"], DISKS);
    took(context, "two control planes less", await up());
    await allReady(["control-3", "worker-1"]);
    await onlyMembers("control-3", ["control-3"]);
    assert.match((await up()).stderr, /No changes/);
  });

  await step("never were there two leaders", async (context) => {
    leases?.stop();
    const readings = leases?.readings ?? [];
    const leaders = new Set(readings.map(({ lease, holder }) => `${lease} ${holder}`));
    context.diagnostic(`${readings.length} readings of leases, ${leaders.size} leaders one after another`);
    // One for each part at first, and others for each control plane that went.
    assert.ok(leaders.size > 6, [...leaders].join("\n"));
    assert.deepEqual(overlaps(readings), []);
  });

  await step("eleven months later a control plane renews its certificates, and serves", async (context) => {
    // All is asked on the guests: to this machine, whose clock stays, what is new then is not valid yet.
    const there = (...args: string[]) => ssh("control-3", "kubectl --kubeconfig /etc/kubernetes/admin.conf", ...args);
    const inProduction = (...args: string[]) => there(...args, "--namespace production");
    const before = await ends("control-3");
    const now = await outputs();
    const began = performance.now();
    // Nobody gives these guests the time.
    for (const node of ["registry-1", "worker-1", "control-3"]) await must(ssh(node, "date -s '+11 months'"));
    // Its timer looks within six days of that, which nobody waits for here; what it starts decides by the certificates.
    await must(ssh("control-3", "systemctl start grunnmur-certificates.service"));
    await until("certificates that are new", 1200, async () => {
      const quiet = await ssh("control-3", "test ! -e /etc/kubernetes/grunnmur/renewing");
      return quiet.code === 0 && (await ends("control-3").catch(() => before)) !== before;
    });
    await until("nodes that are ready", 1200, async () => {
      const { code } = await there("wait nodes --all --for condition=Ready --timeout 60s");
      return code === 0;
    });
    took(context, "renewal", { seconds: (performance.now() - began) / 1000 });
    // What runs after it, with tokens and certificates of that day: a commit, pods made anew, a change undone.
    await pushed(now, "eleven-months", async () => {
      const { stdout } = await there("get kustomization flux-system --namespace flux-system -o", LAST_APPLIED);
      return stdout;
    });
    await must(inProduction("delete pods --all --wait=false"));
    await must(inProduction("scale deployment/payment-service --replicas=1"));
    await until("3 replicas again", 900, async () => {
      const { stdout } = await inProduction("get deployment/payment-service -o jsonpath={.spec.replicas}");
      return stdout === "3";
    });
    await must(inProduction("rollout status deployment/payment-service --timeout 900s"));
    took(context, "and all pods made anew", { seconds: (performance.now() - began) / 1000 });
  });

  await step("destroy leaves nothing", async () => {
    probe?.stop();
    await must(grunnmur("destroy", ["--yes"], true));
    assert.deepEqual(traces(STACK), []);
  });
});

async function outputs(): Promise<Outputs> {
  const { stdout } = await must(withEnvironment(`pulumi stack output --stack ${STACK} --json --show-secrets`));
  return JSON.parse(stdout) as Outputs;
}

interface Kubeconfig {
  clusters: [{ cluster: { "certificate-authority-data": string } }];
}

function kubeconfigOf({ kubeconfig }: Outputs): Kubeconfig {
  return JSON.parse(kubeconfig ?? assert.fail("no kubeconfig")) as Kubeconfig;
}

/** The nodes, asked for with a kubeconfig that somebody may have kept. */
function nodesBy(kubeconfig: Kubeconfig): Promise<string> {
  return kubectlWith(kubectlPath(), JSON.stringify(kubeconfig))("get", "nodes", "--request-timeout=60s");
}

/** Pushes a commit, as a person does, and waits until it is what the cluster applied last. */
async function pushed(from: Outputs, file: string, lastApplied = lastAppliedByStatus): Promise<void> {
  const keep = async ({ directory, git }: Clone): Promise<void> => {
    writeFileSync(join(directory, file), "precious\n");
    await must(git("add", file));
    await must(git("commit", "-qm", `Keep ${file}`));
    await must(git("push", "-q"));
    const commit = (await must(git("rev-parse", "HEAD"))).stdout.trim();
    await until("the commit in the cluster", 600, async () => (await lastApplied()).includes(commit));
  };
  await withClone(from, keep, STACK);
}

async function lastAppliedByStatus(): Promise<string> {
  const { stdout } = await grunnmur("status", ["--json"]);
  return printed("status", stdout).agent.lastApplied ?? "";
}

/** One command on a node, with a key of one's own. */
function withKey(of: Outputs, name: string, key: string, command: string): Promise<Typed> {
  const node = of.nodes?.find((one) => one.name === name);
  const hostKey = of.hostKeys?.[name];
  if (!node || !hostKey) throw new Error(`${name} is not among the outputs`);
  return withPrivateDir((directory) =>
    withAgent(directory, key, (socket) =>
      type("ssh", [...sshArgs(directory, { name, reach: node.reach, hostKey }, socket), `root@${node.reach}`, command]),
    ),
  );
}

async function nodeReady(name: string): Promise<boolean> {
  const { stdout } = await grunnmur("status", ["--json"]);
  const { nodes } = printed("status", stdout);
  return nodes.some((node) => node.name === name && node.ready);
}

/** These nodes and no others, all of them ready, with the demo. */
async function allReady(names: string[]): Promise<void> {
  await until("an environment that is ready", 1200, async () => (await grunnmur("status")).code === 0);
  const { stdout } = await must(kubectl("get", "nodes", "-o", "jsonpath={.items[*].metadata.name}"));
  assert.deepEqual(stdout.trim().split(" ").sort(), names);
}

/** The key, by its name, that signs service accounts' tokens. */
async function signedBy(): Promise<string> {
  const { stdout } = await must(kubectl("create", "token", "default", "-n", "default"));
  const [header = ""] = stdout.split(".");
  return (JSON.parse(Buffer.from(header, "base64url").toString()) as { kid: string }).kid;
}

/** When the last token that the old key signed ends, ms since the epoch, as who would end it earlier is told. */
async function oldTokensEnd(): Promise<number> {
  const { code, stderr } = await grunnmur("rotate", ["--yes", "service-account-keys", "--finish"]);
  assert.notEqual(code, 0);
  return Date.parse(/Until (\S+) pods may have tokens/.exec(stderr)?.[1] ?? assert.fail(stderr));
}

/** The names of those by which such a token is known. */
async function knownKeys(): Promise<string[]> {
  const { stdout } = await must(kubectl("get", "--raw", "/openid/v1/jwks"));
  return (JSON.parse(stdout) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
}

/** When the certificates of a control plane end. */
async function ends(node: string): Promise<string> {
  const { stdout } = await must(ssh(node, "kubeadm", "certs", "check-expiration", "-o", "json"));
  const { certificates } = JSON.parse(stdout) as { certificates: { name: string; expirationDate: string }[] };
  return certificates.map(({ name, expirationDate }) => `${name} ${expirationDate}`).join("\n");
}

/** What etcd itself says of who its members are, asked on one of them. */
async function onlyMembers(on: string, names: string[]): Promise<void> {
  const pki = "/etc/kubernetes/pki/etcd";
  const { stdout } = await must(
    ssh(
      on,
      ...["curl", "-sf", "--cacert", `${pki}/ca.crt`, "--cert", `${pki}/healthcheck-client.crt`],
      ...["--key", `${pki}/healthcheck-client.key`, "-d", "{}", "https://127.0.0.1:2379/v3/cluster/member/list"],
    ),
  );
  const { members } = JSON.parse(stdout) as { members: { name: string; isLearner?: boolean }[] };
  assert.deepEqual(members.map(({ name }) => name).sort(), names);
  assert.ok(members.every(({ isLearner }) => !isLearner));
}

function virsh(...args: string[]): Promise<Typed> {
  const socket = join(environmentDir(STACK), "libvirt/run/libvirt-sock");
  return type("virsh", ["-c", `qemu:///system?socket=${socket}`, ...args]);
}
