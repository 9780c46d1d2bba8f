import assert from "node:assert/strict";
import { test } from "node:test";
import { Failures } from "./failures";

const urn = "urn:pulumi:local::grunnmur::grunnmur:registry:Registry$command:remote:Command::conf";
const error = (message: string) => ({ diagnosticEvent: { urn, message, severity: "error" } });

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
  assert.match(failures.list[0]?.message ?? "", /line 5\n {4}\.\.\./);
});

test("only a run of which every failure passes by itself is worth a second try", () => {
  const failures = new Failures();
  assert.equal(failures.transient(), false);
  failures.event(error("dial tcp 127.20.0.11:6443: connect: connection refused"));
  assert.equal(failures.transient(), true);
  failures.event(error("disk is full"));
  assert.equal(failures.transient(), false);
});

test("a broken policy is never tried again", () => {
  const failures = new Failures();
  failures.event(error("the request timed out"));
  failures.event({ policyEvent: { enforcementLevel: "mandatory" } });
  assert.equal(failures.transient(), false);
});
