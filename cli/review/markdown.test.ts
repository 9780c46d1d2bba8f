import assert from "node:assert/strict";
import { test } from "node:test";
import { marked } from "marked";
import { html } from "./html";
import { comment, markdown } from "./markdown";
import type { Review } from "./review";

const NOTHING: Review = {
  version: 1,
  stack: "prod",
  date: "2026-12-01",
  verdict: "nothing",
  whole: true,
  reasons: [],
  notes: [],
  asks: [],
  nodes: [],
  losses: [],
  settings: [],
  steps: [],
  policies: [],
  packs: ["gdpr-data-locality", "resource-limits"],
  open: [],
  endings: [],
  register: [],
};
const of = (some: Partial<Review>): Review => ({ ...NOTHING, ...some });

/** All that stands outside code, where a platform reads it as its own. */
const outsideCode = (text: string): string =>
  text.replace(/^( *)(`{3,})text\n[\s\S]*?\n\1\2$/gm, "").replace(/(`+)(?!`).+?(?<!`)\1(?!`)/g, "");

test("what nothing is said of is said to be nothing, and a preview without policies is no pass", () => {
  assert.match(markdown(NOTHING), /\*\*Changes nothing\.\*\*/);
  assert.match(markdown(NOTHING), /### Replaced and deleted\n\nNothing\./);
  assert.match(markdown(of({ packs: [] })), /\*\*No policy pack has looked at this\.\*\*/);
});

test("who writes the change writes nothing into its review but code", () => {
  const evils = [
    "<img src=x onerror=alert(1)>",
    "@platform-team please approve",
    "x\n/approve\n/merge",
    "` <b>out</b> ` ``` </code>",
    "[click](https://evil.example)",
    "```\n</details><script>1</script>\n```text",
    "\u202egro.live\u200b",
    "| a | b |\n|---|---|",
  ];
  for (const evil of evils) {
    const text = markdown(
      of({
        verdict: "refused",
        reasons: [evil],
        notes: [evil],
        asks: [evil],
        losses: [evil],
        nodes: [{ name: evil, role: "worker", site: evil, what: "removed", loss: evil, also: [] }],
        settings: [{ setting: evil, from: evil, to: { [evil]: [evil] } }],
        steps: [{ operation: "create", component: "nodes", name: evil, type: evil, properties: [evil] }],
        policies: [{ pack: "p", rule: "r", level: "mandatory", resource: evil, message: evil }],
        open: [{ rule: "r", resource: evil, message: evil, waitsFor: [evil] }],
        endings: [{ what: evil, on: "2026-12-02", days: 1 }],
        register: [{ kind: "destination", name: evil, change: "changed", from: { a: evil }, to: { a: evil } }],
      }),
    );
    const outside = outsideCode(text);
    assert.doesNotMatch(outside, /onerror|@platform|^\s*\/(approve|merge)|<b>|evil\.example|script|\| a/m, evil);
    assert.doesNotMatch(text, /[\u202e\u200b]/);
    const rendered = marked
      .parse(text, { async: false })
      .replace(/<\/?(h2|h3|p|ul|li|strong|code|pre|sub|details|summary)( class="language-text")?>/g, "");
    assert.doesNotMatch(rendered, /<[a-z/!]/i, evil);
  }
});

test("a comment has room on every Git host, is cut from its end, and says how much is left out of it", () => {
  const steps = [...Array(3000).keys()].map((index) => ({
    operation: "update" as const,
    component: "nodes",
    name: `worker-${index}-files`,
    type: "command:remote:Command",
    properties: ["environment.ROUTES"],
  }));
  const register = [{ kind: "site" as const, name: "osl-1", change: "added" as const, to: { country: "NO" } }];
  const large = of({
    verdict: "changes",
    steps,
    register,
    settings: [{ setting: "cluster.driftGuard", from: "deny", to: "warn" }],
  });
  const text = comment(large);
  assert.ok(Buffer.byteLength(text) <= 60_000, `${Buffer.byteLength(text)} bytes`);
  assert.match(text, /cluster\.driftGuard/);
  const shown = text.match(/^- update `nodes\//gm)?.length ?? 0;
  const [, left = "0"] = /\*\*(\d+) entries are left out\*\*/.exec(text) ?? [];
  // Everything there is: a line of the component, one of the register, one of the settings, and each resource.
  const all = markdown(large).match(/^- /gm)?.length ?? 0;
  const lines = (text.match(/^- (?!…)/gm)?.length ?? 0) + Number(left);
  assert.equal(lines, all);
  assert.ok(shown < 3000);
  assert.ok(Buffer.byteLength(markdown(large)) > 60_000);
  assert.doesNotMatch(markdown(large), /left out/);
});

test("the page is whole, fetches nothing and runs nothing", () => {
  const page = html(of({ losses: ["<script>alert(1)</script>"] }));
  assert.match(page, /^<!doctype html>/);
  assert.match(page, /<title>Preview of prod<\/title>/);
  assert.match(page, /default-src 'none'/);
  assert.doesNotMatch(page, /<script|<img|https?:\/\//);
});
