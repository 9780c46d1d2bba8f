import assert from "node:assert/strict";
import { test } from "node:test";
import { withKubectl } from "../fake-kubectl";
import { lastPolicy } from "./in-force";

const PATH = "admission/scripts/in-force.sh";
const { probe } = lastPolicy([]);
const given = (seconds: number) => ({
  controlPlanes: ["control-1", "control-2"],
  environment: { RULE_SECONDS: `${seconds}` },
  files: [
    { path: "rule", content: `${probe.rule}\n` },
    { path: "object.json", content: JSON.stringify(probe.object) },
  ],
});
const denied = `echo "ValidatingAdmissionPolicy '${probe.rule}' with binding 'x' denied request: in force" >&2; exit 1`;

test("every API server is asked, without a trace, until it refuses", async () => {
  const kubectl = `[[ "$*" == *--dry-run=server* ]] || exit 9
n=$(cat "$folder/n" 2>/dev/null || echo 0); echo $((n + 1)) >"$folder/n"
if [[ $context == control-2 && $n -gt 2 || $context == control-1 ]]; then ${denied}; fi
echo "configmap created (server dry run)"`;
  const { status, stdout, stderr } = await withKubectl(PATH, kubectl, given(20));
  assert.equal(status, 0, stderr);
  assert.match(stdout, /waiting for the policy grunnmur-in-force at control-2: configmap created/);
  assert.match(stdout, /in force at control-1[\s\S]*in force at control-2/);
});

test("a control plane that is lost is named and holds nobody up, and one at least must answer", async () => {
  // The first is gone once it has been asked.
  const { status, stdout, stderr } = await withKubectl(PATH, `touch "$folder/off-control-2"; ${denied}`, given(20));
  assert.equal(status, 0, stderr);
  assert.match(stdout, /in force at control-1\ncontrol-2 does not answer and was not asked/);
  const none = await withKubectl(PATH, denied, { ...given(20), controlPlanes: [] });
  assert.equal(none.status, 1);
  assert.match(
    none.stderr,
    /no control plane has answered for 1 s, and whether the policies are in force is not known/,
  );
});

test("where the only control plane goes after the first look, nothing is said to be in force", async () => {
  const { status, stderr } = await withKubectl(PATH, denied, {
    ...given(20),
    controlPlanes: ["control-1"],
    answersOnce: true,
  });
  assert.equal(status, 1);
  assert.match(stderr, /no control plane answers any more/);
});

test("another error than the policy's refusal is none, and is told in the end", async () => {
  const { status, stderr } = await withKubectl(PATH, "echo 'connection refused' >&2; exit 1", given(1));
  assert.equal(status, 1);
  assert.match(stderr, /does not refuse by the policy grunnmur-in-force.*connection refused/);
});

test("a change of any policy changes what must be refused", () => {
  assert.notEqual(lastPolicy([{ a: 1 }]).probe.object.metadata.name, lastPolicy([{ a: 2 }]).probe.object.metadata.name);
});
