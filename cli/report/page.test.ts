import assert from "node:assert/strict";
import { test } from "node:test";
import { page } from "./page";
import { evidenceOfProd } from "./support/evidence";

/** As a person reads it. */
const text = (html: string): string =>
  html
    .replace(/<style>[\s\S]*?<\/style>/, "")
    .replace(/<[^>]+>/g, " ")
    .replaceAll("&#39;", "'")
    .replaceAll("&quot;", '"')
    .replace(/\s+/g, " ");

test("the page says where data is, who reaches it, and whom it reaches", () => {
  const evidence = evidenceOfProd();
  const shown = text(page(evidence));
  for (const { name, operator } of evidence.sites) assert.ok(shown.includes(name) && shown.includes(operator), name);
  for (const { name, address } of evidence.nodes) assert.ok(shown.includes(name) && shown.includes(address), name);
  for (const { host, agreement } of evidence.destinations) assert.ok(shown.includes(host) && shown.includes(agreement));
  for (const { who, legalBasis } of evidence.administration)
    assert.ok(shown.includes(who) && shown.includes(legalBasis));
  for (const { id, title } of evidence.rules) assert.ok(shown.includes(id) && shown.includes(title), id);
  assert.match(shown, /two of three pods hang/);
  assert.match(shown, /by the agent, 2026-11-30 02:20/);
  assert.match(shown, /what is declared is what was brought about/);
});

test("it judges nobody", () => {
  assert.doesNotMatch(page(evidenceOfProd()), /complian|compliance|lawful(?!ly)|certified/i);
});

test("it runs nothing and fetches nothing", () => {
  const html = page(evidenceOfProd());
  assert.match(html, /default-src 'none'/);
  assert.doesNotMatch(html, /<script|<img|<link|\bsrc=|https?:\/\/[^"' ]*\.(css|js|png|svg)|url\((?!#head)/i);
  for (const [, target = ""] of html.matchAll(/href="([^"]*)"/g)) assert.match(target, /^#/);
});

test("what others wrote is text and stays that", () => {
  const hostile = `<img src=x onerror=alert(1)>"'&`;
  const html = page(
    evidenceOfProd({
      commits: [{ sha: "a".repeat(40), subject: hostile, author: hostile, date: "2026-11-30T12:00:00Z" }],
      unknown: [{ what: hostile, why: hostile }],
      exceptions: [{ rule: "r", object: hostile, reason: hostile, who: hostile, until: "2027-01-01" }],
    }),
  );
  assert.doesNotMatch(html, /<img/);
  assert.ok(html.includes("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;"));
});

test("what could not be established comes first, and nothing is said in its place", () => {
  const evidence = evidenceOfProd({
    unknown: [{ what: "what is in Git", why: "Permission denied (publickey)" }],
    commits: [],
    acts: null,
    preview: null,
  });
  const shown = text(
    page({
      ...evidence,
      git: { ...evidence.git, head: null },
      nodes: evidence.nodes.map((node) => ({ ...node, ready: null })),
    }),
  );
  assert.ok(shown.indexOf("Permission denied") < shown.indexOf("In short"));
  assert.match(shown, /No audit log was read/);
  assert.match(shown, /0 are known to be ready/);
  assert.match(shown, /Preview of the stack file not known/);
});

test("a rule that is broken, open or not in force is told with what was found", () => {
  const [first, second, third, ...rest] = evidenceOfProd().rules;
  assert.ok(first && second && third);
  const shown = text(
    page(
      evidenceOfProd({
        rules: [
          { ...first, review: { state: "broken", findings: ["Deployment shop/a: no limit"] } },
          { ...second, preview: { state: "open", findings: ["worker-1: waits for an address"] } },
          { ...third, cluster: { state: "missing", findings: ["ValidatingAdmissionPolicyBinding x is not there"] } },
          ...rest,
        ],
      }),
    ),
  );
  for (const found of ["no limit", "waits for an address", "x is not there"]) assert.ok(shown.includes(found), found);
  assert.match(shown, /1 broken at some gate, 1 not in force in the cluster, 1 open/);
});
