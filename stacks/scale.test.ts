import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as ipaddr from "ipaddr.js";
import { StackError } from "./errors";
import { fromStackFile, parseStack } from "./load";

const base = fromStackFile(readFileSync(join(__dirname, "..", "Pulumi.local.yaml"), "utf8"));

/** A stack of `count` nodes on this machine, whose addresses follow one another after the gateway's. */
function stackOf(count: number, network: Record<string, string>) {
  const nodes = Array.from({ length: count }, (_, i) => {
    const number = i + 2;
    return {
      name: `node-${i}`,
      kind: "libvirt",
      role: i === 0 ? "registry" : i === 1 ? "control-plane" : "worker",
      hypervisor: "this-machine",
      address: `10.20.${Math.floor(number / 256)}.${number % 256}`,
      cores: 1,
      memoryMiB: 1024,
      diskGiB: 8,
    };
  });
  const sync = { ...(base.sync as object), repository: "ssh://git@10.20.0.2/srv/git/config.git" };
  return { ...base, network: { gateway: "10.20.0.1", ...network }, nodes, sync };
}

function mistakes(raw: unknown): string[] {
  try {
    parseStack(raw, "test");
    return [];
  } catch (error) {
    if (error instanceof StackError)
      return error.problems.map(({ path, message, remedy }) => `${path}: ${message}. ${remedy}`);
    throw error;
  }
}

for (const [count, cidr, podCidr] of [
  [3, "10.20.0.0/29", "10.244.0.0/16"],
  [30, "10.20.0.0/26", "10.244.0.0/16"],
  [30, "10.20.0.0/20", "10.244.0.0/16"],
  [300, "10.20.0.0/20", "10.244.0.0/15"],
  [1000, "10.20.0.0/20", "10.244.0.0/14"],
  [1000, "10.20.0.0/16", "10.244.0.0/14"],
] as const) {
  test(`${count} nodes in ${cidr} have names, addresses and ways to them of their own`, () => {
    const { nodes, network } = parseStack(stackOf(count, { cidr, podCidr }), "test");
    for (const key of ["name", "address", "reach"] as const) {
      assert.equal(new Set(nodes.map((node) => node[key])).size, count, key);
    }
    const range = ipaddr.IPv4.parseCIDR(network.cidr);
    for (const { address, reach } of nodes) {
      assert.ok(ipaddr.IPv4.parse(address).match(range), address);
      assert.match(reach, /^127\./);
    }
  });
}

test("a pods' range without a /24 for each node is refused with one that has them", () => {
  assert.deepEqual(mistakes(stackOf(1000, { cidr: "10.20.0.0/20", podCidr: "10.244.0.0/16" })), [
    'network.podCidr: received "10.244.0.0/16", allowed is a /14 or larger: nodes[999].address is number 1001 of network.cidr, and its pods have the /24 of that number. Write 10.244.0.0/14.',
  ]);
});

test("a pods' range that would take the nodes' own is not proposed", () => {
  const [mistake] = mistakes(stackOf(1000, { cidr: "10.20.0.0/20", podCidr: "10.21.0.0/16" }));
  assert.match(mistake ?? "", /Take a \/14 that overlaps with no other range\.$/);
});

for (const [cidr, count, told] of [
  ["10.20.0.0/30", 3, 'received "10.20.0.0/30", allowed is a /16 to a /29. For 3 nodes a /29 is enough.'],
  ["10.0.0.0/15", 3, 'received "10.0.0.0/15", allowed is a /16 to a /29. For 3 nodes a /29 is enough.'],
  [
    "10.20.0.0/29",
    6,
    'received "10.20.0.0/29", which has room for 5 nodes beside the gateway; the stack has 6. Take a /28 or larger.',
  ],
  [
    "10.20.0.0/23",
    1000,
    'received "10.20.0.0/23", which has room for 509 nodes beside the gateway; the stack has 1000. Take a /22 or larger.',
  ],
] as const) {
  test(`${count} nodes in ${cidr} are refused`, () => {
    assert.ok(mistakes(stackOf(count, { cidr })).includes(`network.cidr: ${told}`));
  });
}

test("a guest at 10.0.0.1 would stand at this machine's own loopback address", () => {
  const stack = stackOf(3, { cidr: "10.0.0.0/24", gateway: "10.0.0.254", podCidr: "10.244.0.0/16" });
  const addresses = ["10.0.0.2", "10.0.0.1", "10.0.0.3"];
  const nodes = stack.nodes.map((node, i) => ({ ...node, address: addresses[i] }));
  const sync = { ...stack.sync, repository: "ssh://git@10.0.0.2/srv/git/config.git" };
  assert.deepEqual(mistakes({ ...stack, nodes, sync }), [
    'nodes[1].address: received "10.0.0.1", allowed with a local hypervisor is any other. This machine would reach it at 127.0.0.1, which is its own.',
  ]);
});
