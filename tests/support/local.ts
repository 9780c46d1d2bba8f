import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Outputs } from "../../cli/pulumi/outputs";
import { until } from "./poll";
import { grunnmur, repository } from "./user";

/** What a person does to an environment that is up, or what an attacker tries. It does not wait until the agent has taken back what it pushed. */
export interface Change {
  name: string;
  /** Takes minutes, and what it tries is held by quicker tests in part; run only where GRUNNMUR_TEST_ALL is set. */
  long?: boolean;
  run(tell: (figure: string) => void, outputs: Outputs): Promise<void>;
}

const stackFile = join(repository, "Pulumi.local.yaml");
export const kubectl = (...args: string[]) => grunnmur(["kubectl", ...args]);
export const up = (...args: string[]) => grunnmur(["up", "--yes", ...args]);
export const ready = () =>
  until("an environment that is ready", 900, async () => (await grunnmur(["status"])).code === 0);

export type Edit = [from: string, to: string];

/** Runs `work` with the stack file edited. */
export async function edited(edits: Edit[], work: () => Promise<void>): Promise<void> {
  const before = readFileSync(stackFile, "utf8");
  let text = before;
  for (const [from, to] of edits) {
    assert.ok(text.includes(from), from);
    text = text.replace(from, to);
  }
  writeFileSync(stackFile, text);
  try {
    await work();
  } finally {
    writeFileSync(stackFile, before);
  }
}

/** In review and by `up`, side by side: the one needs no lock, and the other stops before it touches anything. */
export async function refused(edits: Edit[], ...messages: RegExp[]): Promise<void> {
  await edited(edits, async () => {
    const both = await Promise.all([grunnmur(["preview"]), up()]);
    both.forEach(({ code, stdout, stderr }, index) => {
      assert.notEqual(code, 0, `${index === 0 ? "preview" : "up"} went ahead with ${edits}`);
      for (const message of messages) assert.match(stdout + stderr, message);
    });
  });
}
