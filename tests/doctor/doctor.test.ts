import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Outputs } from "../../cli/pulumi/outputs";
import { patienceHere } from "../../lib/machine";
import { BROKEN, toldAndTakenBack } from "../support/broken";
import { until } from "../support/poll";
import { stepsOf } from "../support/steps";
import { grunnmur, must, withEnvironment } from "../support/user";

// Commits that break something are pushed to the environment `local`, one after the other; of each it is told why it is not live. On
// demand: with emulated CPUs an hour. An environment that is up already is used, and left.

const MINUTES = 60_000;
let ours = false;

before(async () => {
  ours = (await grunnmur(["destroy"], { env: { CI: "" } })).code === 0;
  if (ours) await must(grunnmur(["up", "--yes"], { show: true }));
});

after(async () => {
  if (ours) await grunnmur(["destroy", "--yes"], { show: true });
});

test("why a change is not live is told from the commit to the pod", {
  timeout: 60 * patienceHere() * MINUTES,
}, async (t) => {
  const step = stepsOf(t);
  const { stdout } = await must(withEnvironment("pulumi stack output --stack local --json --show-secrets"));
  const outputs = JSON.parse(stdout) as Outputs;
  const live = () => until("an environment that is ready", 600, async () => (await grunnmur(["status"])).code === 0);
  await live();
  await step("all is well", async () => {
    const { code, stdout } = await grunnmur(["doctor"]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /change +good +[0-9a-f]{8} is live/);
  });
  for (const broken of BROKEN) {
    await step(broken.what, async (context) => {
      const { known, doctor } = await toldAndTakenBack(broken, outputs);
      context.diagnostic(`told ${known.toFixed(0)} s after the push; doctor took ${doctor.toFixed(0)} s`);
      context.diagnostic(`all is well ${(await live()).toFixed(0)} s after the revert`);
    });
  }
});
