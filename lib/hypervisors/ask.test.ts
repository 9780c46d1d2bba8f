import assert from "node:assert/strict";
import { test } from "node:test";
import { askHypervisors } from "./ask";
import { withVirsh } from "./support/fake-virsh";

const many = Array.from({ length: 12 }, (_, index) => ({ name: `kvm-${index}`, uri: `test:///${index}` }));

test("answers of many lines that come at once stay apart, in whatever order they come", () => {
  const said = withVirsh('for i in $(seq 40); do echo "$3 $i"; done', () => askHypervisors(many, "v list"));
  for (const { name, uri } of many) {
    const lines = Array.from({ length: 40 }, (_, index) => `${uri} ${index + 1}`);
    assert.deepEqual(said.get(name), { lines });
  }
});

test("one that fails says why, with its last line or its code, and keeps no other from its answer", () => {
  const virsh = 'case $3 in */3) echo a >&2; echo "no route" >&2; exit 1 ;; */4) exit 7 ;; *) echo fine ;; esac';
  const said = withVirsh(virsh, () => askHypervisors(many.slice(3, 6), "v list"));
  assert.deepEqual(
    [...said.values()],
    [{ silent: "no route" }, { silent: "its script ended with 7" }, { lines: ["fine"] }],
  );
});

test("nobody is asked where there is nobody", () => assert.deepEqual(askHypervisors([], "exit 1"), new Map()));
