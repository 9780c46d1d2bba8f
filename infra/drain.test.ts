import assert from "node:assert/strict";
import { test } from "node:test";
import { comeBack, drain, type Kubectl, sizeOf } from "./drain";

// Of a fast machine, whatever this one is.
process.env.GRUNNMUR_PATIENCE = "1";

function cluster(workers: Record<string, "True" | "False">, refused: string[] = []) {
  const asked: string[] = [];
  const items = Object.entries(workers).map(([name, status]) => ({
    metadata: { name },
    spec: {},
    status: { conditions: [{ type: "Ready", status }] },
  }));
  const kubectl: Kubectl = async (...args) => {
    asked.push(args.join(" "));
    if (refused.includes(args[0] ?? ""))
      throw new Error("Cannot evict pod as it would violate the pod's disruption budget");
    return args[0] === "get" ? JSON.stringify({ items }) : "";
  };
  return { kubectl, asked };
}

test("budgets hold where another worker can take the pods", async () => {
  const { kubectl, asked } = cluster({ "worker-1": "True", "worker-2": "True" });
  await drain("worker-1", kubectl);
  assert.match(asked[1] ?? "", /^drain worker-1 --ignore-daemonsets/);
  assert.doesNotMatch(asked.join(), /disable-eviction/);
});

test("the only worker that is ready is emptied without them, or it could never restart", async () => {
  const alone: Record<string, "False">[] = [{}, { "worker-2": "False" }];
  for (const others of alone) {
    const { kubectl, asked } = cluster({ "worker-1": "True", ...others });
    await drain("worker-1", kubectl);
    assert.match(asked[1] ?? "", /--disable-eviction$/);
  }
});

test("a node that does not empty takes pods again, is not restarted, and the reason is told", async () => {
  const { kubectl, asked } = cluster({ "worker-1": "True", "worker-2": "True" }, ["drain"]);
  await assert.rejects(drain("worker-1", kubectl), /worker-1 was not restarted: .*600 s.*disruption budget/);
  assert.equal(asked.at(-1), "uncordon worker-1");
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
    return JSON.stringify({ status: { nodeInfo: { bootID }, conditions: [{ type: "Ready", status: Ready }] } });
  };
  await comeBack("worker-1", "old", kubectl, 1);
  assert.deepEqual(asked, ["get", "get", "get", "uncordon"]);
});
