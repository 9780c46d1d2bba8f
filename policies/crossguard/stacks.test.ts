import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseDocument } from "yaml";
import { fromStackFile, parseStack } from "../../stacks/load";
import { loadRules } from "../engine/load";
import { PLATFORM } from "./resource";
import { Run } from "./run";

const TODAY = "2026-11-23";
const STATE = JSON.stringify({ backend: "file:///srv/state", secretsProvider: "passphrase" });
const ROOT = join(__dirname, "..", "..");
const RULES = loadRules().filter(({ gates, match }) => gates.includes("crossguard") && match.subject === "stack");

type Edit = [path: (string | number)[], value: unknown];

/** The shipped stack with some values changed, refused by the rules that it names. */
const REFUSED: Record<string, { edits: Edit[]; state?: string; says: RegExp }> = {
  "control-plane-size": { edits: [[["nodes", 1, "memoryMiB"], 1024]], says: /control-1 has 1024 MiB/ },
  "hypervisor-not-overcommitted": { edits: [[["hypervisors", 0, "memoryMiB"], 30000]], says: /kvm-1 has 30000 MiB/ },
  "site-in-profile": { edits: [[["hypervisors", 1, "site"], "fra-1"]], says: /kvm-2.*DE/ },
  "registry-beside-nodes": { edits: [[["hypervisors", 1, "site"], "osl-2"]], says: /osl-2/ },
  "operator-in-profile": {
    edits: [
      [["locality", "profile"], "EEA"],
      ...[0, 1, 2].map((index): Edit => [["hypervisors", index, "site"], "dub-1"]),
    ],
    says: /US/,
  },
  "destination-registered": { edits: [[["destinations", 0, "expires"], "2020-01-01"]], says: /2020-01-01/ },
  "node-services-in-profile": { edits: [[["network", "dnsServers"], ["8.8.8.8"]]], says: /8\.8\.8\.8/ },
  "administration-declared": { edits: [[["administration"], []]], says: /administer/ },
  "disks-encrypted": { edits: [[["hypervisors", 0, "diskEncryption"], "none"]], says: /kvm-1 are stated as none/ },
  "state-backend-in-profile": {
    edits: [],
    state: JSON.stringify({ backend: "https://api.example.com", secretsProvider: "service" }),
    says: /example\.com/,
  },
};

function judge(stack: string, edits: Edit[] = [], state = STATE) {
  const document = parseDocument(readFileSync(join(ROOT, `Pulumi.${stack}.yaml`), "utf8"));
  for (const [[first = "", ...more], value] of edits) document.setIn(["config", `grunnmur:${first}`, ...more], value);
  // What the engine sends has no undefined in it.
  const values = JSON.parse(JSON.stringify(parseStack(fromStackFile(String(document)), stack))) as Record<
    string,
    unknown
  >;
  const run = new Run(TODAY, state);
  run.see(PLATFORM, "urn", values, undefined);
  return RULES.flatMap((rule) => {
    const { violations, obligations } = run.judgeStack(rule, {}, rule.implementation !== undefined);
    return [...violations, ...obligations];
  });
}

for (const stack of ["prod", "local"]) {
  test(`the shipped ${stack} stack passes, and leaves nothing open`, () => {
    assert.deepEqual(judge(stack), []);
  });
}

for (const [id, { edits, state, says }] of Object.entries(REFUSED)) {
  test(`${id} refuses a stack, with the value and the remedy`, () => {
    const found = judge("prod", edits, state).filter(({ rule }) => rule === id);
    assert.equal(found.length, 1, `${id} refuses nothing`);
    assert.match(found[0]?.message ?? "", says);
    assert.ok(found[0]?.remedy);
  });
}
