import assert from "node:assert/strict";
import { test } from "node:test";
import { Failures } from "./failures";

const urn = "urn:pulumi:local::grunnmur::grunnmur:registry:Registry$command:remote:Command::conf";
const error = (message: string) => ({ diagnosticEvent: { urn, message, severity: "error" as const } });

test("a failure names its stage and resource, without the engine's colour marks and its own summary line", () => {
  const failures = new Failures();
  failures.event(error("<{%fg 1%}>it broke<{%reset%}>\nbecause\n"));
  failures.event({ diagnosticEvent: { urn, message: "update failed", severity: "error" } });
  failures.event({ diagnosticEvent: { urn, message: "careful", severity: "warning" } });
  assert.deepEqual(failures.list, [{ stage: "registry", resource: "conf", message: "it broke\n    because" }]);
  assert.equal(failures.transient(), false);
});

test("a long message is cut, and says so", () => {
  const failures = new Failures();
  failures.event(error(Array.from({ length: 40 }, (_, i) => `line ${i}`).join("\n")));
  assert.match(failures.list[0]?.message ?? "", /^line 0\n.*line 2\n {4}\.\.\. \(.*\)\n {4}line 35\n.*line 39$/s);
});

test("only a run of which every failure passes by itself is worth a second try", () => {
  const failures = new Failures();
  assert.equal(failures.transient(), false);
  failures.event(error("dial tcp 127.20.0.11:6443: connect: connection refused"));
  assert.equal(failures.transient(), true);
  failures.event(error("disk is full"));
  assert.equal(failures.transient(), false);
});

test("an address that an API server took for a request which it gave up comes free again, so that too is worth a second try", () => {
  const failures = new Failures();
  failures.event(
    error(
      'Service "source-controller" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.11"]: failed to allocate IP 10.96.0.11: provided IP is already allocated',
    ),
  );
  assert.equal(failures.transient(), true);
});

test("a control plane that went away in the middle, and does not know its own roles yet, is worth a second try", () => {
  const failures = new Failures();
  failures.event(
    error(
      "the `create` script ended with exit code 1. The end of what it wrote:\nwaiting\nUnable to connect to the server: EOF",
    ),
  );
  const cannot = 'User "grunnmur-admin" cannot get resource "deployments" in API group "apps"';
  failures.event(error(`1 error occurred:\n\t* deployments.apps "source-controller" is forbidden: ${cannot}`));
  assert.equal(failures.transient(), true);
  failures.event(
    error(`deployments.apps "a" is forbidden: ValidatingAdmissionPolicy 'b' with binding 'b' denied request`),
  );
  assert.equal(failures.transient(), false);
});

test("a broken policy is never tried again", () => {
  const failures = new Failures();
  failures.event(error("the request timed out"));
  failures.event({ policyEvent: { enforcementLevel: "mandatory" } });
  assert.equal(failures.transient(), false);
});

/** As Pulumi's command provider writes it: `%w: running %q:\n%s`. */
const official = (script: string, written: string) => `exit status 1: running ${JSON.stringify(script)}:\n${written}`;
const standIn = (written: string) =>
  `the \`create\` script ended with exit code 1. The end of what it wrote:\n${written}`;
const SCRIPT = 'set -eu\necho "a \\"quoted\\" word: \\\\"\ncurl --connect-timeout 5 "$1" || echo "timed out":\n';

test("of a failed script its error is shown, and not the script", () => {
  for (const prefix of ["", "1 error occurred:\n\t* "]) {
    const failures = new Failures();
    failures.event(error(prefix + official(SCRIPT, "wrote the file\nno space left on device\n")));
    const [failure] = failures.list;
    assert.equal(
      failure?.message,
      `${prefix}exit status 1:\nwrote the file\nno space left on device`.replace(/\n/g, "\n    "),
    );
  }
});

test("a script that speaks of timeouts is no reason to try again", () => {
  const failures = new Failures();
  failures.event(error(official(SCRIPT, "no space left on device\n")));
  assert.equal(failures.transient(), false);
});

test("what stopped a script counts, and not what it waited for before", () => {
  for (const told of [standIn, (written: string) => official(SCRIPT, written)]) {
    const [passing, lasting] = [new Failures(), new Failures()];
    passing.event(error(told("working\ndial tcp 10.20.0.11:6443: connect: connection refused\n")));
    lasting.event(error(told("connection refused, waiting\nit answers\nno space left on device\n")));
    assert.deepEqual([passing.transient(), lasting.transient()], [true, false]);
  }
});

test("a script of the official provider that wrote nothing still says how it ended", () => {
  const failures = new Failures();
  failures.event(error(official(SCRIPT, "")));
  assert.deepEqual([failures.list[0]?.message, failures.transient()], ["exit status 1:", false]);
});

test("what the program itself refuses is shown in its own words, and told from what broke off", () => {
  const failures = new Failures();
  assert.equal(failures.refused(), false);
  failures.event(error('before hook "consequences" failed: Error: cluster.name cannot be changed'));
  assert.equal(failures.list[0]?.message, "cluster.name cannot be changed");
  assert.equal(failures.refused(), true);
  assert.equal(failures.transient(), false);
  failures.event(error("disk is full"));
  assert.equal(failures.refused(), false);
});

test("what a hook of the program holds back has not begun to change", () => {
  const failures = new Failures();
  const held = "urn:pulumi:local::grunnmur::grunnmur:node:KvmNode$command:local:Command::worker-1-domain";
  const said = (urn: string, message: string) =>
    failures.event({ diagnosticEvent: { urn, severity: "error", message } });
  said(held, 'before hook "drain-worker-1" failed: Error: worker-1 was not restarted');
  said(held.replace("worker-1", "worker-2"), 'after hook "uncordon-worker-2" failed: Error: worker-2 is not ready');
  said(held.replace("worker-1", "worker-3"), "exit status 1: worker-3 did not shut down");
  assert.deepEqual([...failures.heldBack], [held]);
});
