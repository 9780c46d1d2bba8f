import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { repositoryPath } from "../../lib/places";
import { actsOf, auditLines, LINES } from "./history";

interface Said {
  at: string;
  user?: string;
  as?: string;
  verb?: string;
  name?: string;
  code?: number;
  query?: string;
  annotations?: Record<string, string>;
  tool?: string;
  subresource?: string;
}

/** A line as the API server writes it. */
const said = ({
  at,
  user = "kubernetes-admin",
  as,
  verb = "patch",
  name = "shop",
  code = 200,
  query = "",
  annotations,
  tool = "kubectl/v1.36.4",
  subresource,
}: Said) =>
  JSON.stringify({
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "Metadata",
    stage: "ResponseComplete",
    requestURI: `/apis/apps/v1/namespaces/production/deployments/${name}${query}`,
    verb,
    user: { username: user, groups: ["system:authenticated"] },
    ...(as && { impersonatedUser: { username: as } }),
    userAgent: `${tool} (linux/amd64) kubernetes/abc`,
    objectRef: {
      resource: "deployments",
      namespace: "production",
      name,
      apiGroup: "apps",
      apiVersion: "v1",
      ...(subresource && { subresource }),
    },
    responseStatus: { metadata: {}, code },
    requestReceivedTimestamp: at,
    ...(annotations && { annotations }),
  });

const AGENT = {
  user: "system:serviceaccount:flux-system:kustomize-controller",
  as: "system:serviceaccount:flux-system:config-reconciler",
};
const at = (minute: number): string => `2026-11-30T02:${String(minute).padStart(2, "0")}:00.000000Z`;

/** What the node's own script makes of its logs. */
function read(logs: Record<string, string[]>) {
  const directory = mkdtempSync(join(tmpdir(), "grunnmur-audit-"));
  try {
    for (const [name, lines] of Object.entries(logs)) writeFileSync(join(directory, name), `${lines.join("\n")}\n`);
    const script = repositoryPath("cli", "report", "audit.sh");
    return auditLines(execFileSync("sh", [script, directory], { encoding: "utf8", maxBuffer: 1 << 26 }));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("of a node's logs comes what people, tools and the agent wrote, older files first", () => {
  const { since, lines } = read({
    "audit-2026-11-30T01-00-00.000.log": [said({ at: at(0), verb: "get" }), said({ at: at(1), name: "first" })],
    "audit.log": [
      said({ at: at(2), user: "system:node:worker-1" }),
      said({ at: at(3), user: "system:serviceaccount:kube-system:deployment-controller" }),
      said({ at: at(4), query: "?dryRun=All" }),
      said({ at: at(5), user: "sigrid" }),
      said({ at: at(6), ...AGENT }),
    ],
  });
  assert.equal(since, at(0));
  assert.deepEqual(
    lines.map(({ requestReceivedTimestamp }) => requestReceivedTimestamp),
    [at(1), at(5), at(6)],
  );
});

test("of long logs come the newest lines", () => {
  const many = Array.from({ length: LINES + 20 }, (_, index) => said({ at: at(1), name: `n${index}` }));
  const { lines } = read({ "audit.log": [said({ at: at(0) }), ...many] });
  assert.deepEqual([lines.length, lines.at(-1)?.objectRef?.name], [LINES, `n${LINES + 19}`]);
});

test("a node without logs has written nothing", () => {
  assert.deepEqual(read({}), { since: null, lines: [] });
});

const acts = (...all: Said[]) => actsOf(auditLines(`\n${said({ at: at(0) })}\n${all.map(said).join("\n")}`).lines);

test("what the agent writes after somebody is drift undone, and what it writes of its own accord is nobody's", () => {
  const [other, changed, ...rest] = acts(
    { at: at(1), ...AGENT },
    { at: at(2) },
    { at: at(3), name: "other" },
    { at: at(4), ...AGENT },
    { at: at(5), ...AGENT },
  );
  assert.deepEqual(rest, []);
  assert.deepEqual([changed?.object, changed?.undone], ["deployments production/shop", at(4)]);
  assert.deepEqual([other?.object, other?.undone], ["deployments production/other", null]);
});

test("who goes past Git is told with the reason, and whose name was taken on", () => {
  const [act] = acts({
    at: at(2),
    as: "kari@example.no",
    annotations: {
      "drift-guard/break-glass": "kari@example.no: two of three\u001b[2J pods hang",
      "other/break-glass": "",
    },
  });
  assert.deepEqual([act?.who, act?.as], ["kubernetes-admin", "kari@example.no"]);
  assert.equal(act?.breakGlass, "kari@example.no: two of three\ufffd[2J pods hang");
  assert.equal(acts({ at: at(2), annotations: { "drift-guard/break-glass": "" } })[0]?.breakGlass, null);
});

test("what was refused is not undone", () => {
  const [act] = acts({ at: at(2), code: 422 }, { at: at(3), ...AGENT });
  assert.deepEqual([act?.done, act?.undone], [false, null]);
});

test("the same by the same is one, until the agent has undone it", () => {
  const [again, first] = acts({ at: at(1) }, { at: at(2) }, { at: at(3), ...AGENT }, { at: at(4) });
  assert.deepEqual([first?.times, first?.until, first?.undone], [2, at(2), at(3)]);
  assert.deepEqual([again?.times, again?.undone], [1, null]);
});

test("what is scaled is undone by a write of the whole", () => {
  const [act] = acts({ at: at(1), subresource: "scale" }, { at: at(2), ...AGENT });
  assert.deepEqual([act?.object, act?.undone], ["deployments/scale production/shop", at(2)]);
});

test("what one up writes is one, and what somebody else writes meanwhile stands by itself", () => {
  const tool = "pulumi-kubernetes/4.34.2";
  const found = acts(
    { at: at(1), tool, name: "a" },
    { at: at(2), tool, name: "b" },
    { at: at(3), name: "a" },
    { at: at(4), tool, name: "c" },
    { at: at(50), tool, name: "d" },
  );
  assert.deepEqual(
    found.map(({ at: begun, times, object }) => [begun, times, object]),
    [
      [at(50), 1, "objects of the platform"],
      [at(3), 1, "deployments production/a"],
      [at(1), 3, "objects of the platform"],
    ],
  );
});

test("lines that are none are passed over", () => {
  assert.deepEqual(auditLines(`{"verb":\nnull\n[]\n`), { since: null, lines: [] });
});
