import assert from "node:assert/strict";
import { test } from "node:test";
import { atFirst, next, parseRotations, purposeOf, ROTATED, type Rotated, type Rotation } from "../../lib/rotation";
import { UserError } from "../terminal/user-error";
import { begins, type Outsiders, stepsOf } from "./rotate";

const short = (steps: Rotation[]): string[] => steps.map(({ used, accepted }) => `${used} of ${accepted}`);

test("what the program alone holds is changed to the end: beside the old one, used, then alone", () => {
  assert.deepEqual(short(stepsOf("admin-ssh", atFirst, false, "nobody")), ["0 of 0,1", "1 of 0,1", "1 of 1"]);
  assert.deepEqual(short(stepsOf("deploy-key", atFirst, false, "nobody")), ["1 of 1"]);
});

test("it waits for who is let in once the new one can be used, and for who lets in before it is", () => {
  const [registry, key] = [
    stepsOf("registry", atFirst, false, "are let in"),
    stepsOf("admin-ssh", atFirst, false, "let in"),
  ];
  assert.deepEqual([short(registry), short(key)], [["0 of 0,1", "1 of 0,1"], ["0 of 0,1"]]);
  const rest = (what: Rotated, steps: Rotation[], who: Outsiders) => stepsOf(what, steps.at(-1) ?? atFirst, true, who);
  assert.deepEqual(short(rest("registry", registry, "are let in")), ["1 of 0,1", "1 of 1"]);
  assert.deepEqual(short(rest("admin-ssh", key, "let in")), ["0 of 0,1", "1 of 0,1", "1 of 1"]);
});

test("a run that broke off anywhere is gone on with by the same command, and ends where it would have", () => {
  for (const [what, who] of [
    ["registry", "are let in"],
    ["admin-ssh", "nobody"],
    ["etcd-encryption", "nobody"],
    ["admin-ssh", "let in"],
  ] as const) {
    const whole = stepsOf(what, atFirst, false, who);
    for (const reached of whole.filter(({ accepted }) => accepted.length > 1)) {
      const rest = stepsOf(what, reached, false, who);
      assert.deepEqual(rest[0], reached, "what the state says may not be done");
      assert.deepEqual(rest.at(-1), whole.at(-1));
    }
  }
});

test("a last step that broke off is done again by the same command, though the state says that it was done", () => {
  const done = { used: 3, accepted: [3] };
  for (const what of ["registry", "service-account-keys"] as const)
    assert.deepEqual(stepsOf(what, done, true, "are let in"), [done]);
});

test("never is one used that is not taken, and never does one come back", () => {
  for (const what of ROTATED) {
    let now = atFirst;
    const used = new Set<number>();
    for (let step = 0; step < 9; step += 1) {
      const before = now;
      now = next(what, now);
      assert.ok(now.accepted.includes(now.used));
      // Both sides change one after the other: what is used now was taken before, or is taken by the same step.
      if (what !== "deploy-key") assert.ok(before.accepted.includes(now.used), `${what}: ${short([before, now])}`);
      assert.ok(now.used >= before.used);
      used.add(now.used);
    }
    assert.ok(used.size >= 3);
  }
  assert.notEqual(purposeOf("admin", 1), purposeOf("admin", 2));
  assert.equal(purposeOf("admin", 0), "admin");
});

test("authorities count their ten years from the day on which they came to be, and the day of none that is gone is kept", () => {
  const [first, later] = [new Date("2030-05-06T07:08:09Z"), new Date("2035-01-01T00:00:00Z")];
  const day = "2030-05-06T00:00:00Z";
  const beside = next("ca", atFirst, first);
  assert.deepEqual(beside, { used: 0, accepted: [0, 1], since: { 1: day } });
  const signing = next("ca", beside, later);
  assert.deepEqual(signing, { used: 1, accepted: [0, 1], since: { 1: day } });
  const alone = next("ca", signing, later);
  assert.deepEqual(alone, { used: 1, accepted: [1], since: { 1: day } });
  assert.deepEqual(next("ca", alone, later).since, { 1: day, 2: "2035-01-01T00:00:00Z" });
  assert.deepEqual(parseRotations(JSON.stringify({ ca: beside })), { ca: beside });
  assert.equal("since" in next("sops", atFirst, first), false);
});

test("there is nothing to finish where nothing was begun, or where nobody can have the new one", () => {
  assert.throws(
    () => stepsOf("service-account-keys", { used: 0, accepted: [0, 1] }, true, "are let in"),
    /not in use yet/,
  );
  assert.throws(() => stepsOf("registry", atFirst, true, "are let in"), UserError);
});

test("pods are looked at before authorities sign for the first time, and not where a run broke off since", () => {
  const asked = (now: Rotation, finish: boolean) =>
    stepsOf("ca", now, finish, "let in").map((step) => begins(step, now));
  assert.deepEqual(asked(atFirst, false), [false]);
  assert.deepEqual(asked({ used: 0, accepted: [0, 1] }, true), [false, true, false]);
  for (const finish of [true, false]) assert.deepEqual(asked({ used: 1, accepted: [0, 1] }, finish), [false, false]);
});
