import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { withKubectl } from "../fake-kubectl";
import { type File, payload } from "../payload";
import { script } from "../script";

// A cluster as kubectl and curl show it: a folder with a file for each thing that a script may ask about.
const kubectl = `#!/bin/bash
cd "$(dirname "$0")"
context=none
if [ "$1" = --context ]; then context=$2; shift 2; fi
case "$*" in
  "config get-contexts -o name") cat contexts; exit ;;
esac
[ -e "up/$context" ] || { echo "connection refused" >&2; exit 1; }
echo "$context: $*" >>calls
case "$*" in
  "get --raw /readyz"*) ;;
  *port-forward*) pod=\${4#pod/etcd-}; [ -e "up/$pod" ] || exit 1
    echo "$pod" >forwarded; echo "Forwarding from 127.0.0.1:4711 -> 2379"; exec sleep 60 ;;
  "get node "*) cat "ready/$3" 2>/dev/null || : ;;
  "get nodes -l"*) for file in ready/worker-*; do echo "\${file#ready/}  $(cat "$file")"; done ;;
  "get nodes"*) ls ready ;;
  "drain "*) if [ -e dies ]; then echo Unknown >"ready/$2"; exit 1; fi
    [ ! -e stuck ] || { echo "evicting pod a"; echo "error when evicting pods/a: it would violate the disruption budget" >&2; exit 1; } ;;
  "delete node "*) rm -f "ready/$3" ;;
  "apply "*) cp "\${@: -1}" applied ;;
esac
`;
const curl = `#!/bin/bash
cd "$(dirname "$0")"
for url; do :; done
case "$url" in
  *member/list) cat members ;;
  *member/remove) echo "remove at $(cat forwarded): $*" | grep -o '^remove at [^ ]*\\|"ID":"[0-9]*"' | tr '\\n' ' ' >>calls; echo >>calls ;;
esac
`;
const members = (...numbers: number[]): string =>
  JSON.stringify({
    header: { cluster_id: "9", member_id: "1" },
    members: numbers.map((number) => ({
      ID: `100${number}`,
      name: `control-${number}`,
      peerURLs: [`https://10.20.0.1${number}:2380`],
      clientURLs: [`https://10.20.0.1${number}:2379`],
    })),
  });

class FakeCluster {
  private readonly folder = mkdtempSync(join(tmpdir(), "cluster-"));

  /** @param up control planes that answer @param ready what each Node's Ready condition says */
  constructor(t: TestContext, controlPlanes: string[], up: string[], ready: Record<string, string>) {
    t.after(() => rmSync(this.folder, { recursive: true }));
    for (const folder of ["up", "ready"]) mkdirSync(join(this.folder, folder));
    this.write("kubectl", kubectl, 0o755);
    this.write("curl", curl, 0o755);
    this.write("contexts", `${controlPlanes.join("\n")}\n`);
    this.write("calls", "");
    this.write("members", members(...controlPlanes.map((name) => Number(name.slice(-1)))));
    for (const name of up) this.write(`up/${name}`, "");
    for (const [name, state] of Object.entries(ready)) this.write(`ready/${name}`, state);
  }

  write(path: string, content: string, mode = 0o600): void {
    writeFileSync(join(this.folder, path), content, { mode });
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), "utf8");
  }

  /** Everything but looks. */
  changes(): string[] {
    return this.read("calls")
      .split("\n")
      .filter((call) => call && !/: (get|-?port-forward|.*port-forward)/.test(call));
  }

  async run(parts: string[], environment: Record<string, string>, files: File[] = []) {
    const text = parts.map((part) => script(`cluster/scripts/${part}.sh`)).join("");
    const { status, stdout, stderr } = spawnSync("bash", ["-c", text], {
      input: await payload(files),
      encoding: "utf8",
      env: {
        PATH: `${this.folder}:${process.env.PATH}`,
        KUBECTL: join(this.folder, "kubectl"),
        PATIENCE: "0",
        DRAIN_SECONDS: "2",
        ...environment,
      },
    });
    return { status, stdout, stderr };
  }

  leave(name: string, role = name.startsWith("control") ? "control-plane" : "worker") {
    const environment = { NODE: name, ADDRESS: `10.20.0.1${name.slice(-1)}`, ROLE: role };
    return this.run(["api", "leaving", "leave"], environment);
  }
}

const three = ["control-1", "control-2", "control-3"];
const allReady = Object.fromEntries([...three, "worker-1", "worker-2"].map((name) => [name, "True"]));

test("a worker is emptied by its budgets before its Node goes", async (t) => {
  const cluster = new FakeCluster(t, three, three, allReady);
  const { status, stdout, stderr } = await cluster.leave("worker-1");
  assert.equal(status, 0, stderr);
  assert.equal(stdout, "worker-1 is empty\n");
  assert.deepEqual(cluster.changes(), [
    "control-1: drain worker-1 --ignore-daemonsets --delete-emptydir-data --timeout=1s",
    "control-1: delete node worker-1 --ignore-not-found --wait=false",
  ]);
});

test("a worker that a budget holds back stays a member, takes pods again, and the reason is said", async (t) => {
  const cluster = new FakeCluster(t, three, three, allReady);
  cluster.write("stuck", "");
  const { status, stderr } = await cluster.leave("worker-1");
  assert.equal(status, 1);
  assert.match(stderr, /worker-1 stays, .* not empty after 2 s/);
  assert.match(stderr, /would violate the disruption budget/);
  const [uncordon, ...drains] = cluster
    .changes()
    .reverse()
    .map((call) => call.split(" ")[1]);
  assert.equal(uncordon, "uncordon");
  assert.deepEqual([...new Set(drains)], ["drain"]);
});

test("budgets do not hold the only worker that is ready", async (t) => {
  const cluster = new FakeCluster(t, three, three, { ...allReady, "worker-2": "Unknown" });
  const { stdout } = await cluster.leave("worker-1");
  assert.match(stdout, /only worker that is ready: what runs there is down/);
  assert.match(cluster.changes()[0] ?? "", /--disable-eviction$/);
});

test("a dead node leaves without being asked for its pods", async (t) => {
  const cluster = new FakeCluster(t, three, three, { ...allReady, "worker-1": "Unknown" });
  const { status, stdout } = await cluster.leave("worker-1");
  assert.equal(status, 0);
  assert.match(stdout, /does not answer/);
  assert.deepEqual(cluster.changes(), ["control-1: delete node worker-1 --ignore-not-found --wait=false"]);
});

test("a node that turns out to be dead while it is emptied leaves without its pods", async (t) => {
  const cluster = new FakeCluster(t, three, three, allReady);
  cluster.write("dies", "");
  const { status, stdout } = await cluster.leave("worker-1");
  assert.equal(status, 0);
  assert.match(stdout, /worker-1 does not answer any more: its pods are given up/);
  assert.match(cluster.changes().at(-1) ?? "", /delete node worker-1/);
});

test("a control plane, the first one too, leaves etcd through a peer, dead or alive", async (t) => {
  for (const up of [three, three.slice(1)]) {
    const ready = { ...allReady, "control-1": up === three ? "True" : "Unknown" };
    const cluster = new FakeCluster(t, three, up, ready);
    const { status, stdout, stderr } = await cluster.leave("control-1");
    assert.equal(status, 0, stderr);
    assert.match(stdout, /etcd goes on without control-1, with 2/);
    const [, removed, deleted] = up === three ? cluster.changes() : ["", ...cluster.changes()];
    assert.match(removed ?? "", /^remove at control-3: "ID":"1001"/);
    assert.equal(deleted, "control-2: delete node control-1 --ignore-not-found --wait=false");
  }
});

test("who is no member of etcd any more is not taken out again", async (t) => {
  const cluster = new FakeCluster(t, three, three, allReady);
  cluster.write("members", members(2, 3));
  assert.equal((await cluster.leave("control-1")).status, 0);
  assert.ok(!cluster.changes().some((call) => call.startsWith("remove")));
});

test("where the rest of etcd would have no majority, nothing is taken out", async (t) => {
  const cluster = new FakeCluster(t, three, ["control-1", "control-2"], { ...allReady, "control-3": "Unknown" });
  const { status, stderr } = await cluster.leave("control-1");
  assert.equal(status, 1);
  assert.match(stderr, /control-1 stays: without it etcd has 2 members of which 1 answer, and that is no majority/);
  assert.deepEqual(cluster.changes(), []);
});

test("without another control plane that answers, nothing leaves, and the message tells one from none", async (t) => {
  const alone = await new FakeCluster(t, ["control-1"], ["control-1"], allReady).leave("control-1");
  assert.equal(alone.status, 1);
  assert.match(alone.stderr, /control-1 is the only control plane/);
  const silent = await new FakeCluster(t, three, ["control-1"], allReady).leave("control-1");
  assert.match(silent.stderr, /no other control plane has answered for 0 s/);
});

test("only nodes that are no longer wanted are emptied, and none before there is a cluster", async (t) => {
  const nodes = [{ path: "nodes", content: "control-1\ncontrol-2\ncontrol-3\nworker-2\n" }];
  const parts = ["api", "leaving", "empty-others"];
  const cluster = new FakeCluster(t, three, three, allReady);
  assert.equal((await cluster.run(parts, {}, nodes)).status, 0);
  assert.deepEqual(
    cluster.changes().map((call) => call.split(" ").slice(1, 3).join(" ")),
    ["drain worker-1"],
  );
  const none = new FakeCluster(t, three, [], {});
  assert.equal((await none.run(parts, { FIRST: "yes" }, nodes)).status, 0);
  const { status, stderr } = await none.run(parts, {}, nodes);
  assert.deepEqual([status, /not known which nodes have to be emptied/.test(stderr)], [1, true]);
});

test("a machine is admitted for a day; the one that makes the cluster where there is none, by kubeadm", async (t) => {
  const token = { path: "token.yaml", content: "token: abcdef.0123456789abcdef\nexpiration: EXPIRATION\n" };
  const cluster = new FakeCluster(t, three, ["control-2"], allReady);
  const { status, stdout, stderr } = await cluster.run(["api", "admit"], { NODE: "worker-9" }, [token]);
  assert.equal(status, 0, stderr);
  const [, until = ""] = cluster.read("applied").match(/^expiration: '(.*)'$/m) ?? [];
  const hours = (Date.parse(until) - Date.now()) / 3_600_000;
  assert.ok(hours > 23.9 && hours <= 24, until);
  for (const text of [cluster.read("calls"), stdout, stderr]) assert.doesNotMatch(text, /0123456789abcdef/);
  const none = new FakeCluster(t, three, [], {});
  const founder = { path: "founder", content: "" };
  assert.equal((await none.run(["api", "admit"], { NODE: "control-1" }, [token, founder])).status, 0);
  assert.match((await none.run(["api", "admit"], { NODE: "worker-9" }, [token])).stderr, /worker-9 needs one to join/);
});

test("the admission ends where the control plane goes away once before it is asked, and fails where it always does", async () => {
  const failing = (times: number) => `echo >> "$folder/tries"
if [ "$(wc -l < "$folder/tries")" -le ${times} ]; then echo "Unable to connect to the server: EOF" >&2; exit 1; fi`;
  const ended = await withKubectl("cluster/scripts/close-admission.sh", failing(1));
  assert.deepEqual([ended.status, ended.stdout], [0, "no further machine may join\n"]);
  const never = await withKubectl("cluster/scripts/close-admission.sh", failing(99));
  assert.deepEqual([never.status, never.stdout], [1, ""]);
  assert.match(never.stderr, /Unable to connect to the server: EOF\n$/);
});

test("the admission ends with every token and nothing else", async (t) => {
  const cluster = new FakeCluster(t, three, ["control-3"], allReady);
  assert.equal((await cluster.run(["api", "close-admission"], {})).status, 0);
  assert.match(
    cluster.changes().join(),
    /^control-3: delete secrets -n kube-system --field-selector type=bootstrap.kubernetes.io\/token$/,
  );
});
