import assert from "node:assert/strict";
import { test } from "node:test";
import { comeBack, drain, type Kubectl, releaseEmptied, sizeOf, startedAgain } from "./drain";

// Of a fast machine, whatever this one is.
process.env.GRUNNMUR_PATIENCE = "1";

interface Fake {
  ready?: boolean;
  unschedulable?: boolean;
  /** The run that emptied it. */
  by?: string;
}

const EMPTIED_BY = "grunnmur.internal/emptied-by";

/** Workers that kubectl is asked of, as an API server keeps them. */
function cluster(workers: Record<string, Fake>, refused: string[] = []) {
  const asked: string[] = [];
  const objectOf = (name: string) => {
    const { ready = true, unschedulable, by } = workers[name] ?? {};
    return {
      metadata: { name, annotations: by === undefined ? {} : { [EMPTIED_BY]: by } },
      spec: { unschedulable },
      status: { nodeInfo: { bootID: "old" }, conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
    };
  };
  const kubectl: Kubectl = async (verb = "", kind = "", name = "", ...rest) => {
    asked.push([verb, kind, name, ...rest].join(" "));
    if (refused.includes(verb)) throw new Error("Cannot evict pod as it would violate the pod's disruption budget");
    if (verb === "get" && kind === "nodes") return JSON.stringify({ items: Object.keys(workers).map(objectOf) });
    if (verb === "get") return JSON.stringify(objectOf(name));
    const node = workers[verb === "drain" ? kind : name] ?? assert.fail(name);
    if (verb === "annotate") node.by = rest.at(-1)?.split("=")[1] ?? "";
    if (verb === "drain") node.unschedulable = true;
    if (verb === "patch") {
      const [{ op, path, value }] = JSON.parse(rest.at(-1)?.replace("--patch=", "") ?? "");
      assert.deepEqual([op, path], ["test", "/metadata/annotations/grunnmur.internal~1emptied-by"]);
      if (value !== node.by) throw new Error("the server rejected our request due to an error in our request");
      delete node.by;
      node.unschedulable = false;
    }
    return "";
  };
  return { kubectl, asked, workers };
}
const drained = (asked: string[]) => asked.find((line) => line.startsWith("drain")) ?? "";

test("budgets hold where another worker can take the pods", async () => {
  const { kubectl, asked } = cluster({ "worker-1": {}, "worker-2": {} });
  await drain("worker-1", kubectl);
  assert.match(drained(asked), /^drain worker-1 --ignore-daemonsets/);
  assert.doesNotMatch(asked.join(), /disable-eviction/);
});

test("the only worker that is ready is emptied without them, or it could never restart", async () => {
  const alone: Record<string, Fake>[] = [{}, { "worker-2": { ready: false } }];
  for (const others of alone) {
    const { kubectl, asked } = cluster({ "worker-1": {}, ...others });
    await drain("worker-1", kubectl);
    assert.match(drained(asked), /--disable-eviction$/);
  }
});

test("a node that does not empty takes pods again, is not restarted, and the reason is told", async () => {
  const { kubectl, workers } = cluster({ "worker-1": {}, "worker-2": {} }, ["drain"]);
  await assert.rejects(drain("worker-1", kubectl), /worker-1 was not restarted: .*600 s.*disruption budget/);
  assert.deepEqual(workers["worker-1"], { unschedulable: false });
});

test("a run that broke off while a node was empty is made up for by the next, which leaves others' nodes and its own", async () => {
  const { kubectl, workers } = cluster({
    "worker-1": { unschedulable: true, by: "an earlier run" },
    "worker-2": { unschedulable: true },
    "worker-3": {},
  });
  await drain("worker-3", kubectl);
  assert.deepEqual(await releaseEmptied(kubectl), ["worker-1"]);
  assert.deepEqual(workers["worker-1"], { unschedulable: false });
  assert.deepEqual(workers["worker-2"], { unschedulable: true });
  assert.equal(workers["worker-3"]?.unschedulable, true);
});

test("a node that this run empties in the meantime stays empty", async () => {
  const { kubectl, workers } = cluster({ "worker-1": { unschedulable: true, by: "an earlier run" } });
  const meanwhile: Kubectl = async (...args) => {
    if (args[0] === "patch") await drain("worker-1", kubectl);
    return kubectl(...args);
  };
  assert.deepEqual(await releaseEmptied(meanwhile), []);
  assert.equal(workers["worker-1"]?.unschedulable, true);
});

test("a guest that an earlier run started again already is not waited for: its boot stays the same", async () => {
  const { kubectl, workers } = cluster({ "worker-1": {}, "worker-2": {} });
  await drain("worker-1", kubectl);
  assert.equal(
    startedAgain("restarting worker-1: it runs with memory 1\nguest worker-1 started again with memory 2"),
    true,
  );
  assert.equal(startedAgain("guest worker-1 started"), true);
  assert.equal(startedAgain(""), false);
  await comeBack("worker-1", undefined, kubectl);
  assert.equal(workers["worker-1"]?.unschedulable, false);
});

test("who was told by hand to take no pods takes none after its restart either", async () => {
  const { kubectl, workers } = cluster({ "worker-1": { unschedulable: true }, "worker-2": {} });
  await drain("worker-1", kubectl);
  await comeBack("worker-1", "old", async (...args) => {
    const said = await kubectl(...args);
    if (args[0] !== "get") return said;
    const node = JSON.parse(said);
    return JSON.stringify({ ...node, status: { ...node.status, nodeInfo: { bootID: "new" } } });
  });
  assert.deepEqual(workers["worker-1"], { unschedulable: true });
});

test("only memory, cores, bridge and disks ask for a restart", () => {
  const xml = (memory: number, cores: number, kernel: string, disk = "", bridge = "br0") =>
    `<memory unit='MiB'>${memory}</memory>\n<vcpu>${cores}</vcpu><cmdline>${kernel}</cmdline>${disk}<source bridge='${bridge}'/>`;
  assert.equal(sizeOf(xml(2048, 2, "a")), sizeOf(xml(2048, 2, "b")));
  assert.notEqual(sizeOf(xml(2048, 2, "a")), sizeOf(xml(2560, 2, "a")));
  assert.notEqual(sizeOf(xml(2048, 2, "a")), sizeOf(xml(2048, 1, "a")));
  assert.notEqual(sizeOf(xml(2048, 2, "a")), sizeOf(xml(2048, 2, "a", "<target dev='vdc' bus='virtio'/>")));
  assert.notEqual(sizeOf(xml(2048, 2, "a")), sizeOf(xml(2048, 2, "a", "", "br1")));
});

test("a node takes pods again only when its kubelet answers from the new boot", async () => {
  const looks = [
    { bootID: "old", Ready: "True" }, // what the API server still believes
    { bootID: "new", Ready: "False" },
    { bootID: "new", Ready: "True" },
  ];
  const asked: string[] = [];
  const kubectl: Kubectl = async (...args) => {
    asked.push(args[0] ?? "");
    const { bootID, Ready } = looks[Math.min(asked.length, looks.length) - 1] ?? {};
    return JSON.stringify({
      metadata: {},
      status: { nodeInfo: { bootID }, conditions: [{ type: "Ready", status: Ready }] },
    });
  };
  await comeBack("worker-1", "old", kubectl, 1);
  assert.deepEqual(asked, ["get", "get", "get", "patch"]);
});
