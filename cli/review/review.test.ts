import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it, test } from "node:test";
import { artifactReady } from "../../artifacts/store";
import { stackFile } from "../../policies/crossguard/stack-fixtures";
import { fromStackFile, parseStack } from "../../stacks/load";
import type { EngineEvent } from "../pulumi/events";
import { ending } from "./endings";
import { markdown } from "./markdown";
import { type Facts, type Review, review } from "./review";
import { EXAMPLES, exampleReviews, page, pagePath } from "./support/examples";

const stackOf = (edits?: Parameters<typeof stackFile>[1]) =>
  parseStack(fromStackFile(stackFile("prod", edits)), "prod");
const PROD = stackOf();
const facts = (some: Partial<Facts>): Facts => ({
  stack: "prod",
  date: "2026-12-01",
  wanted: PROD,
  deployed: PROD,
  certificates: {},
  events: [],
  open: [],
  ok: true,
  ...some,
});
const NODES = "urn:pulumi:prod::grunnmur::grunnmur:platform:Platform$grunnmur:node:KvmNode$command:local:Command::";
const step = (op: string, name: string): EngineEvent => ({
  resourcePreEvent: { metadata: { op: op as "create", urn: NODES + name, type: "command:local:Command" } },
});

test("what is refused is so whoever refuses it: the stack file, a change that cannot be, or a rule", () => {
  const mistaken = review(facts({ wanted: undefined, mistakes: "nodes[1].role: …", ok: false }));
  assert.deepEqual([mistaken.verdict, mistaken.reasons], ["refused", ["nodes[1].role: …"]]);
  assert.doesNotMatch(markdown(mistaken), /Nothing|As it was/);
  const impossible = review(facts({ wanted: stackOf([[["network", "podCidr"], "10.245.0.0/16"]]), ok: false }));
  assert.deepEqual([impossible.verdict, impossible.whole], ["refused", false]);
  assert.deepEqual(
    impossible.settings.map(({ setting, effect }) => [setting, effect]),
    [["network.podCidr", undefined]],
  );
  assert.match(markdown(impossible), /### Replaced and deleted\n\nNot known: the preview ended before\./);
  assert.match(impossible.reasons[0] ?? "", /network\.podCidr is "10\.244\.0\.0\/16" and cannot become/);
  const events: EngineEvent[] = [
    {
      policyEvent: {
        enforcementLevel: "mandatory",
        policyName: "site-in-profile",
        message: "kvm-2 is in DE\nRemedy: …",
      },
    },
  ];
  const broken = review(facts({ events, ok: false }));
  assert.deepEqual([broken.reasons, broken.whole], [["site-in-profile: kvm-2 is in DE"], true]);
});

test("a preview that fails for another reason is not taken for a verdict, and one that is silent neither", () => {
  const diagnosticEvent = { severity: "error" as const, message: "the state cannot be read" };
  const failed = review(facts({ events: [{ diagnosticEvent }], ok: false }));
  assert.deepEqual([failed.verdict, failed.reasons], ["failed", ["the state cannot be read"]]);
  assert.equal(review(facts({ ok: false })).verdict, "failed");
});

test("one replacement, which the engine tells of three times, is one step, and what asks for it one node", () => {
  const wanted = stackOf([[["nodes", 6, "address"], "10.30.0.33"]]);
  const events = ["delete-replaced", "replace", "create-replacement"].map((op) => step(op, "worker-3-disk"));
  const found = review(facts({ wanted, events: [...events, step("same", "worker-1-disk")] }));
  assert.deepEqual(
    found.steps.map(({ operation, component, name }) => [operation, component, name]),
    [["replace", "nodes", "worker-3-disk"]],
  );
  assert.deepEqual([found.verdict, found.asks], ["asks", ["worker-3"]]);
  assert.deepEqual(
    found.nodes.map(({ name, what }) => [name, what]),
    [["worker-3", "made anew"]],
  );
  assert.match(found.nodes[0]?.also.join() ?? "", /move to worker-1, worker-2/);
});

test("copies that lie on a node go with it, and the source of the agent is a loss that is no node's", () => {
  const backups = [{ of: "etcd", host: "worker-3", retentionDays: 30, encrypted: true }];
  const deployed = stackOf([[["backups"], backups]]);
  const other = stackOf([[["sync", "path"], "./clusters/other"]]);
  const wanted = { ...other, nodes: other.nodes.filter(({ name }) => name !== "worker-3") };
  const found = review(facts({ deployed, wanted }));
  assert.match(found.nodes[0]?.also.join() ?? "", /Copies of etcd that lie on it, of up to 30 days, go with it/);
  assert.deepEqual(found.asks, ["worker-3", "sync"]);
  assert.equal(found.losses.length, 1);
});

test("before the first up all of the register is new, and nothing else is compared", () => {
  const found = review(facts({ deployed: undefined, events: [step("create", "worker-1-disk")] }));
  assert.deepEqual([found.verdict, found.settings, found.nodes], ["changes", [], []]);
  assert.deepEqual(found.notes, ["Nothing of this stack is deployed yet: all of it is new."]);
  assert.deepEqual([...new Set(found.register.map(({ change }) => change))], ["added"]);
  assert.ok(found.register.some(({ kind, name }) => kind === "site" && name === "osl-1"));
});

test("what ends within 30 days is told, the soonest first, and what is over with how long", () => {
  const expiring = (first: string, second: string) =>
    stackOf([
      [["destinations", 0, "expires"], first],
      [["destinations", 1, "expires"], second],
    ]);
  const { endings } = review(facts({ wanted: expiring("2026-12-31", "2026-11-30") }));
  assert.deepEqual(
    endings.map(({ what, days }) => [what, days]),
    [
      ["destination ntp.example.no", -1],
      ["destination gitlab.example.no", 30],
    ],
  );
  assert.deepEqual(review(facts({ wanted: expiring("2027-01-01", "2027-01-01") })).endings, []);
  const of = (on: string) => ({ what: "exception", on });
  assert.deepEqual(
    ending([of("2027-01-01"), of("2026-12-31"), of("2026-11-30")], "2026-12-01").map(({ days }) => days),
    [-1, 30],
  );
});

test("a preview that ended without a word has looked at nothing", () => {
  const { verdict, whole, reasons } = review(facts({ ok: false, events: [] }));
  assert.deepEqual([verdict, whole, reasons], ["failed", false, ["Pulumi did not say why."]]);
});

const lacking = ["pulumi", "flux-manifests"].filter((name) => !artifactReady(name));

describe("reviews of an environment that is up", {
  skip: lacking.length > 0 && `not in the artifact store: ${lacking.join(", ")}`,
}, () => {
  let found = new Map<string, Review>();
  before(async () => {
    found = await exampleReviews();
  });

  for (const name of Object.keys(EXAMPLES)) {
    it(`docs/reviews/${name}.md is what a preview says`, () => {
      const said = found.get(name);
      assert.ok(said);
      assert.equal(
        readFileSync(pagePath(name), "utf8"),
        page(name, said),
        "run: npx tsx cli/review/support/write-examples.ts",
      );
    });
  }

  it("a machine made anew asks for agreement, one outside the profile is refused, a label changes and replaces nothing", () => {
    const verdicts = Object.fromEntries([...found].map(([name, { verdict }]) => [name, verdict]));
    assert.deepEqual(verdicts, {
      "worker-moved": "asks",
      "control-plane-moved": "replaces",
      "control-planes-moved": "refused",
      "site-outside": "refused",
      "label-changed": "changes",
    });
    assert.match(found.get("site-outside")?.reasons.join("\n") ?? "", /^site-in-profile: .*kvm-4.*DE/m);
  });

  it("no secret of the state or the stack file is in any of them", () => {
    for (const said of found.values())
      assert.doesNotMatch(JSON.stringify(said) + markdown(said), /a-token-of-prod|PRIVATE KEY|"secure"|ciphertext/);
  });
});
