import assert from "node:assert/strict";
import { test } from "node:test";
import { withVirsh } from "../../lib/hypervisors/support/fake-virsh";
import { runningGuests } from "./running";

const VIRSH = `
case "$*" in
  *first*) printf 'registry-1\\nworker-1\\n\\n' ;;
  *empty*) echo ;;
  *) echo "cannot connect" >&2; exit 1 ;;
esac
`;

test("each hypervisor says which guests run; one that does not answer is left out and not taken for empty", () => {
  const asked = ["gone", "first", "empty"].map((name) => ({ name, uri: `test:///${name}` }));
  assert.deepEqual(
    withVirsh(VIRSH, () => runningGuests(asked)),
    new Map([
      ["first", new Set(["registry-1", "worker-1"])],
      ["empty", new Set<string>()],
    ]),
  );
});

test("nobody is asked where there is nobody", () => assert.deepEqual(runningGuests([]), new Map()));
