import assert from "node:assert/strict";
import { test } from "node:test";
import { withKubectl } from "../fake-kubectl";
import { lastPolicy } from "./in-force";

const PATH = "admission/scripts/in-force.sh";
const { probe } = lastPolicy([]);
const input = (seconds: number) =>
  `seconds ${seconds}\nserver https://10.0.0.1:6443\nserver https://10.0.0.2:6443\nprobe ${probe.rule} ${JSON.stringify(probe.object)}\n`;
const denied = `echo "ValidatingAdmissionPolicy '${probe.rule}' with binding 'x' denied request: in force" >&2; exit 1`;

test("every API server is asked, without a trace, until it refuses", () => {
  const kubectl = `[[ "$*" == *--dry-run=server* ]] || exit 9
n=$(cat "$folder/n" 2>/dev/null || echo 0); echo $((n + 1)) >"$folder/n"
if [[ "$*" == *10.0.0.2* && $n -gt 2 || "$*" == *10.0.0.1* ]]; then ${denied}; fi
echo "configmap created (server dry run)"`;
  const { status, stdout, stderr } = withKubectl(PATH, kubectl, input(20));
  assert.equal(status, 0, stderr);
  assert.match(stdout, /waiting for the policy grunnmur-in-force at https:\/\/10\.0\.0\.2:6443: configmap created/);
  assert.match(stdout, /in force at https:\/\/10\.0\.0\.1[\s\S]*in force at https:\/\/10\.0\.0\.2/);
});

test("another error than the policy's refusal is none, and is told in the end", () => {
  const { status, stderr } = withKubectl(PATH, "echo 'connection refused' >&2; exit 1", input(1));
  assert.equal(status, 1);
  assert.match(stderr, /does not refuse by the policy grunnmur-in-force.*connection refused/);
});

test("a change of any policy changes what must be refused", () => {
  assert.notEqual(lastPolicy([{ a: 1 }]).probe.object.metadata.name, lastPolicy([{ a: 2 }]).probe.object.metadata.name);
});
