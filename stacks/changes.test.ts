import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { consequences } from "./changes";
import { fromStackFile, parseStack } from "./load";
import type { Stack } from "./stack";

const TEXT = {
  local: readFileSync(join(__dirname, "../Pulumi.local.yaml"), "utf8"),
  prod: readFileSync(join(__dirname, "../Pulumi.prod.yaml"), "utf8"),
};

/** The stack as its file says after some words of it are replaced. */
function edited(name: keyof typeof TEXT, ...edits: [string | RegExp, string][]): Stack {
  const text = edits.reduce((before, [from, to]) => {
    const after = before.replace(from, to);
    assert.notEqual(after, before, `${from} stands in the file`);
    return after;
  }, TEXT[name]);
  return parseStack(fromStackFile(text), name);
}

const of = (name: keyof typeof TEXT, ...edits: [string | RegExp, string][]) =>
  consequences(edited(name), edited(name, ...edits));

const NOTHING = { refusals: [], losses: [] };
const clusterSection = "config:\n  grunnmur:cluster: { name: other }\n";

const refused: [string, keyof typeof TEXT, [string | RegExp, string][], RegExp][] = [
  [
    "the cluster's name",
    "local",
    [["config:\n", clusterSection]],
    /^cluster\.name is "local" and cannot become "other"/,
  ],
  ["the pods' range", "local", [["gateway: 10.20.0.1", "gateway: 10.20.0.1\n    podCidr: 10.245.0.0/16"]], /podCidr/],
  [
    "the Services' range",
    "local",
    [["gateway: 10.20.0.1", "gateway: 10.20.0.1\n    serviceCidr: 10.97.0.0/16"]],
    /serviceCidr is "10.96.0.0\/16"/,
  ],
  ["the nodes' network", "local", [["cidr: 10.20.0.0/24", "cidr: 10.20.0.0/23"]], /network\.cidr is "10.20.0.0\/24"/],
  ["this machine's bridge", "local", [["gateway: 10.20.0.1", "gateway: 10.20.0.2"]], /network\.gateway/],
  [
    "a node's name while its address stays",
    "local",
    [["name: worker-1", "name: worker-9"]],
    /10\.20\.0\.12 is the address of worker-1 and cannot become that of worker-9/,
  ],
  [
    "a disk made smaller",
    "local",
    [[/(name: worker-1[\s\S]*?)diskGiB: 20/, "$1diskGiB: 10"]],
    /worker-1 has 20 GiB and cannot shrink to 10/,
  ],
  [
    "a control plane's address",
    "local",
    [["address: 10.20.0.11", "address: 10.20.0.21"]],
    /control plane control-1 would be made anew, for address "10.20.0.11" becomes "10.20.0.21"/,
  ],
  [
    "a control plane's name",
    "local",
    [
      ["name: control-1", "name: control-9"],
      ["10.20.0.11", "10.20.0.21"],
    ],
    /the control planes are control-1 and cannot become control-9: none is left/,
  ],
];
for (const [what, name, edits, message] of refused) {
  test(`${what} cannot change while the environment lives`, () => {
    const { refusals } = of(name, ...edits);
    assert.ok(
      refusals.some((refusal) => message.test(refusal)),
      refusals.join("\n") || "nothing was refused",
    );
  });
}

/** Production with these control planes of its three, and others made like the first. */
function withControlPlanes(...wanted: string[]): Stack {
  const stack = edited("prod");
  const [model] = stack.nodes.filter(({ role }) => role === "control-plane");
  assert.ok(model);
  const others = stack.nodes.filter(({ role }) => role !== "control-plane");
  const made = wanted.map((name, index) => {
    const found = stack.nodes.find((node) => node.name === name);
    return found ?? { ...model, name, address: `10.30.0.${200 + index}` };
  });
  return { ...stack, nodes: [...made, ...others] };
}

test("one control plane becomes three, and three become one, the first one going too", () => {
  const three = withControlPlanes("control-1", "control-2", "control-3");
  for (const one of ["control-1", "control-3"]) {
    assert.deepEqual(consequences(withControlPlanes(one), three), NOTHING);
    assert.deepEqual(consequences(three, withControlPlanes(one)), NOTHING);
  }
});

test("control planes do not come and go at once, and one that has the data stays", () => {
  const was = withControlPlanes("control-1", "control-2", "control-3");
  assert.match(
    consequences(was, withControlPlanes("control-1", "control-2", "control-4")).refusals.join(),
    /cannot become .* at once: add control-4 and one more first, and remove control-3 and one more by an up of its own; one whose hypervisor is lost keeps its name/,
  );
  assert.match(
    consequences(was, withControlPlanes("control-4")).refusals.join(),
    /none is left that has the cluster's data/,
  );
});

/** Production with these of its control planes on these hypervisors. */
function moved(places: Record<string, string>): Stack {
  const stack = edited("prod");
  const nodes = stack.nodes.map((node) => {
    const hypervisor = stack.hypervisors.find(({ name }) => name === places[node.name]);
    return hypervisor && node.kind === "libvirt" ? { ...node, hypervisor } : node;
  });
  return { ...stack, nodes };
}

test("one of several control planes moves to another hypervisor, by an up of its own", () => {
  const was = edited("prod");
  assert.deepEqual(consequences(was, moved({ "control-2": "kvm-1" })), NOTHING);
  const two = consequences(was, moved({ "control-2": "kvm-1", "control-3": "kvm-1" })).refusals;
  assert.equal(two.length, 2);
  assert.match(
    two[0] ?? "",
    /control plane control-2 would be made anew, for hypervisor "kvm-2" becomes "kvm-1", while control-3 is made anew: .* by an up of its own/,
  );
  const names = ["control-1", "control-2", "control-3"];
  const beside = (...wanted: string[]): Stack => {
    const { nodes } = withControlPlanes(...wanted);
    const [at] = moved({ "control-2": "kvm-1" }).nodes.filter(({ name }) => name === "control-2");
    return { ...was, nodes: nodes.map((node) => (node.name === "control-2" && at ? at : node)) };
  };
  assert.match(
    consequences(was, beside(...names, "control-4", "control-5")).refusals.join(),
    /while control-4 is added and control-5 is added/,
  );
  assert.match(
    consequences(was, beside("control-2")).refusals.join(),
    /while control-1 is removed and control-3 is removed/,
  );
  assert.match(
    consequences(withControlPlanes("control-2"), beside("control-2")).refusals.join(),
    /the cluster is what is on its disk: set it back, or add two others/,
  );
});

test("the last worker stays", () => {
  const was = edited("prod");
  const none: Stack = { ...was, nodes: was.nodes.filter(({ role }) => role !== "worker") };
  assert.match(consequences(was, none).refusals.join(), /no worker stays of worker-1, worker-2, worker-3/);
  assert.deepEqual(consequences(none, was).refusals, []);
});

test("a worker that is removed loses its disks, and nothing else is lost", () => {
  const deployed = edited("prod");
  const wanted: Stack = { ...deployed, nodes: deployed.nodes.filter(({ name }) => name !== "worker-2") };
  const { refusals, losses } = consequences(deployed, wanted);
  assert.deepEqual(refusals, []);
  assert.deepEqual(
    losses.map(({ name }) => name),
    ["worker-2"],
  );
  assert.match(
    losses[0]?.what ?? "",
    /^worker-2 \(removed from the stack\): its disk of \d+ GiB and its data disk of \d+ GiB are deleted/,
  );
});

test("the registry's node takes with it what CI pushed, and the Git repositories that it serves", () => {
  const { losses } = of("local", ["address: 10.20.0.10", "address: 10.20.0.20"], ["git@10.20.0.10", "git@10.20.0.20"]);
  assert.deepEqual(losses.map(({ name }) => name).sort(), ["registry-1", "sync"]);
  assert.match(losses.map(({ what }) => what).join(), /every image that CI pushed and the Git repositories/);
});

/** What becomes of a data disk, by the role of its node: the stack as it is deployed, and an edit of it. */
const DATA_DISKS: [
  string,
  "registry-1" | "worker-1",
  number | undefined,
  [string | RegExp, string],
  RegExp | undefined,
][] = [
  ["one is added", "worker-1", undefined, ["diskGiB: 20", "diskGiB: 20\n      dataDiskGiB: 50"], undefined],
  ["it grows", "worker-1", 50, ["dataDiskGiB: 50", "dataDiskGiB: 60"], undefined],
  [
    "it shrinks",
    "worker-1",
    50,
    ["dataDiskGiB: 50", "dataDiskGiB: 40"],
    /^data disk of worker-1 has 50 .* shrink to 40/,
  ],
  ["it is taken away", "worker-1", 50, [/ *dataDiskGiB: 50\n/, ""], /^data disk of worker-1 .* a machine that stays/],
  [
    "its registry moves",
    "registry-1",
    50,
    ["20.0.10", "20.0.20"],
    /^registry-1: .* 20 GiB is deleted; .* 50 GiB stays, with every image/,
  ],
  [
    "its worker moves",
    "worker-1",
    50,
    ["20.0.12", "20.0.22"],
    /^worker-1: .* 20 GiB is deleted, with the volumes .*; its data disk of 50 GiB stays$/,
  ],
  [
    "its worker moves and leaves it",
    "worker-1",
    50,
    [/10.20.0.12([^-]*)\n *dataDiskGiB: 50\n/, "10.20.0.22$1\n"],
    /^worker-1: .* its data disk of 50 GiB are deleted, with the volumes/,
  ],
];
for (const [what, node, deployed, [from, to], said] of DATA_DISKS) {
  test(`${what}: a data disk is lost only by name, and its node's machine may go without it`, () => {
    const section = new RegExp(` {4}- name: ${node}\\n(?: {6}.*\\n)+`);
    const inNode = (text: string, ...edit: [string | RegExp, string]) =>
      text.replace(section, (found) => {
        assert.notEqual(found.replace(...edit), found);
        return found.replace(...edit);
      });
    const before = deployed
      ? inNode(TEXT.local, /diskGiB: 20.*/, `diskGiB: 20\n      dataDiskGiB: ${deployed}`)
      : TEXT.local;
    const of = (text: string) => parseStack(fromStackFile(text), "local");
    const after = inNode(before, from, to).replace("git@10.20.0.10", `git@10.20.0.${node === "registry-1" ? 20 : 10}`);
    const { refusals, losses } = consequences(of(before), of(after));
    const lines = [
      ...refusals.map((refusal) => refusal.replace(/^the /, "")),
      ...losses.filter(({ name }) => name !== "sync").map(({ name, what }) => `${name}: ${what}`),
    ];
    if (said) assert.match(lines.join("\n"), said);
    else assert.deepEqual(lines, []);
  });
}

test("another hypervisor takes the data disk along, and a node that is removed does", () => {
  const deployed = edited("prod");
  const [model] = deployed.nodes.filter(({ name }) => name === "worker-2");
  assert.ok(model?.kind === "libvirt");
  const others = deployed.nodes.filter(({ name }) => name !== "worker-2");
  const [hypervisor] = deployed.hypervisors;
  assert.ok(hypervisor);
  const was: Stack = { ...deployed, nodes: [...others, { ...model, dataDiskGiB: 50 }] };
  const moved: Stack = { ...deployed, nodes: [...others, { ...model, dataDiskGiB: 10, hypervisor }] };
  for (const is of [{ ...deployed, nodes: others }, moved]) {
    const { refusals, losses } = consequences(was, is);
    assert.deepEqual(refusals, []);
    assert.match(
      losses.map(({ what }) => what).join("\n"),
      /^worker-2 .* and its data disk of 50 GiB are deleted, with the volumes/,
    );
  }
});

test("another hypervisor, or another pool, is another disk", () => {
  const pool = of("prod", ["storagePool: nvme", "storagePool: fast"]);
  assert.ok(pool.losses.length + pool.refusals.length > 0);
  assert.match([...pool.losses.map(({ what }) => what), ...pool.refusals].join(), /storagePool "nvme" becomes "fast"/);
});

test("another branch or path is named as what the agent will delete", () => {
  assert.deepEqual(
    of("local", ["path: ./clusters/local", "path: ./clusters/other"]).losses.map(({ name }) => name),
    ["sync"],
  );
});

test("what can change without harm is neither refused nor a loss", () => {
  const more: [string | RegExp, string][] = [
    ["memoryMiB: 2048", "memoryMiB: 2560"],
    [/(name: worker-1[\s\S]*?)diskGiB: 20/, "$1diskGiB: 30"],
    ["intervalSeconds: 60", "intervalSeconds: 20"],
    ["gateway: 10.20.0.1\n", 'gateway: 10.20.0.1\n    ntpServers: ["ntp.example.no"]\n'],
    ["host: registry.local.grunnmur.internal", "host: images.local.grunnmur.internal"],
  ];
  for (const edit of more) assert.deepEqual(of("local", edit), NOTHING, String(edit[0]));
});

test("the order of nodes and hypervisors, their addresses over SSH and their users do not matter", () => {
  const deployed = edited("prod");
  const wanted = edited("prod", [/qemu\+ssh:\/\/[^/]+/, "qemu+ssh://somebody@other.example.no"]);
  const reversed: Stack = {
    ...wanted,
    nodes: [...wanted.nodes].reverse(),
    hypervisors: [...wanted.hypervisors].reverse(),
  };
  assert.deepEqual(consequences(deployed, reversed), NOTHING);
});
