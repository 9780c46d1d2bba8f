import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer } from "../../lib/hypervisors/ask";
import { withVirsh } from "../../lib/hypervisors/support/fake-virsh";
import type { RemoteHypervisor, Stack } from "../../stacks/stack";
import { readStack } from "../pulumi/stack-file";
import { askRemotes, ofHypervisors } from "./hypervisors";

const prod = readStack("prod");
const [first] = prod.hypervisors as RemoteHypervisor[];
assert.ok(first);
const one: Stack = { ...prod, hypervisors: [first] };
const GIB = 2 ** 30;
const lines = (...changed: string[]) => {
  const all = ["kvm yes", "free-memory 999999", `pool ${first.storagePool} ${200 * GIB} ${800 * GIB}`];
  return all.map((line) => changed.find((other) => other.split(" ")[0] === line.split(" ")[0]) ?? line);
};
const judged = (answer: Answer | undefined, up = false, stack = one) =>
  ofHypervisors(stack, new Map(answer ? [[first.name, answer]] : []), up);

test("a hypervisor that has what the stack asks for is a line; this machine is none of them", () => {
  const [good, ...rest] = judged({ lines: lines() });
  assert.deepEqual(rest, []);
  assert.equal(good?.state, "good");
  assert.match(good?.found ?? "", /KVM, 200 GiB free in its pool/);
  assert.deepEqual(ofHypervisors(readStack("local"), new Map(), true), []);
  assert.deepEqual(askRemotes(readStack("local")), new Map());
});

for (const [what, answer, state, found, remedy] of [
  ["one that does not answer", { silent: "Host key verification failed." }, "wrong", /Host key/, /virsh -c qemu/],
  ["no KVM", { lines: lines("kvm no") }, "wrong", /no KVM/, /kvm_intel/],
  ["too little memory", { lines: lines("free-memory 100") }, "wrong", /100 MiB/, /less/],
  ["another pool", { lines: lines("pool other 1 1") }, "wrong", /no active storage pool/, /pool-start/],
  [
    "a pool that fills",
    { lines: lines(`pool ${first.storagePool} ${80 * GIB} ${800 * GIB}`) },
    "advice",
    /80 of 800 GiB/,
    /vol-list/,
  ],
  [
    "a full pool",
    { lines: lines(`pool ${first.storagePool} ${GIB} ${800 * GIB}`) },
    "wrong",
    /1 of 800 GiB/,
    /vol-list/,
  ],
] as const) {
  test(`${what} is said with what helps`, () => {
    const [check, ...rest] = judged(answer);
    assert.deepEqual(rest, []);
    assert.equal(check?.state, state);
    assert.match(`${check?.found} ${check?.expected}`, found);
    assert.match(check?.remedy ?? "", remedy);
  });
}

test("guests that are there need no more memory, and emulated ones no KVM", () => {
  assert.equal(judged({ lines: lines("free-memory 100") }, true)[0]?.state, "good");
  const emulated = { ...one, hypervisors: [{ ...first, emulated: true }] };
  assert.equal(judged({ lines: lines("kvm no") }, false, emulated)[0]?.state, "good");
});

const VIRSH = `
case "$*" in
  *pool-list*) printf '${first.storagePool}\\n\\n' ;;
  *pool-info*) printf 'Name:           x\\nCapacity:       ${800 * GIB}\\nAllocation:     5\\nAvailable:      ${9 * GIB}\\n' ;;
  *domcapabilities*) [ -z "$NO_KVM" ] ;;
  *nodememstats*) printf 'total  :   8192 KiB\\nfree   :   2048 KiB\\nbuffers:   1024 KiB\\ncached :   1024 KiB\\n' ;;
esac
`;

test("the script asks libvirt for what is judged, and what it cannot have is told in libvirt's words", () => {
  const answer = (virsh: string) => withVirsh(virsh, () => askRemotes(one)).get(first.name);
  const pool = `pool ${first.storagePool} ${9 * GIB} ${800 * GIB}`;
  assert.deepEqual(answer(VIRSH), { lines: ["kvm yes", "free-memory 4", pool] });
  assert.deepEqual(answer(`NO_KVM=1${VIRSH}`), { lines: ["kvm no", "free-memory 4", pool] });
  assert.deepEqual(answer("echo 'error: cannot connect' >&2\nexit 1\n"), { silent: "error: cannot connect" });
});
