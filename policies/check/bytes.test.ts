import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { artifactDir } from "../../artifacts/store";
import { Cluster, forEach } from "./bytes/cluster";
import { compare, type Sum } from "./bytes/difference";
import { generate } from "./bytes/generate";
import { reader } from "./support/check-files";

/** With this, the same files come again; each says what was done to it. */
const SEED = Number(process.env.GRUNNMUR_TEST_SEED ?? 1);
const FILES = process.env.GRUNNMUR_TEST_ALL ? 20_000 : 200;
const BATCH = 50;

const directory = mkdtempSync(join(tmpdir(), "bytes-"));
after(() => rmSync(directory, { recursive: true, force: true }));
const cluster = new Cluster(join(artifactDir("kubernetes"), "bin", "kubectl"), directory);

test(`whatever the cluster makes of ${FILES} files is judged, or the check fails`, async (context) => {
  const sum: Sum = { read: 0, faulted: 0, applied: 0, built: 0, missing: [] };
  const shown: string[] = [];
  const batches = Array.from({ length: FILES / BATCH }, (_, index) => index * BATCH);
  await forEach(batches, async (first) => {
    const files = Array.from({ length: BATCH }, (_, index) => generate(SEED, first + index));
    const batch = join(directory, `batch-${first}`);
    const one = await compare(files, reader, cluster, batch);
    for (const key of ["read", "faulted", "applied", "built"] as const) sum[key] += one[key];
    sum.missing.push(...one.missing);
    for (const { file, by, object } of one.missing) {
      const { content, mutations } = files.find(({ name }) => name === file) ?? assert.fail(file);
      const text = JSON.stringify(Buffer.from(content).toString());
      shown.push(`${file} (${mutations.join(", ")}): ${by} makes ${JSON.stringify(object)} of ${text}`);
    }
    rmSync(batch, { recursive: true });
  });
  const { read, faulted, applied, built, missing } = sum;
  context.diagnostic(
    `${FILES} files of seed ${SEED}: ${read} read, ${faulted} refused; of those read kubectl makes ${applied} objects, ` +
      `kustomize ${built}; missing: ${missing.length}`,
  );
  assert.deepEqual(shown.slice(0, 20), []);
  // Where all were refused, nothing would be shown.
  assert.ok(read > FILES / 4 && applied > FILES / 4 && built > FILES / 4);
});

const POD = (more: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - {name: a, image: x, ${more}}\n`;
const INNER =
  '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"b"},"spec":{"containers":[{"name":"a","image":"x"}]}}';

const READ_APART: Record<string, string> = {
  "a truth value of YAML 1.1": POD("securityContext: {privileged: yes}"),
  "a truth value where the API wants a text": POD("args: [true]"),
  "a number where the API wants a text": POD("workingDir: 1e3"),
  "an annotation that is no text": POD("tty: true").replace("{name: a}", "{name: a, annotations: {a: true}}"),
  "a key that is no text": POD("tty: true").replace("{name: a}", "{name: a, annotations: {off: a}}"),
  "a namespace that is a number": POD("tty: true").replace("{name: a}", "{name: a, namespace: 1e3}"),
  "items of what is no list": `${POD("tty: true")}items: [${INNER}]\n`,
  "a folded text that kustomize writes anew": POD("tty: true").replace(
    /- .*$/m,
    "- name: a\n    image: x\n    args:\n    - >-\n       a\n       \n         b",
  ),
  "a list without an API": `kind: List\nitems: [${INNER}]\n`,
  "YAML behind JSON, with a mark before its dashes": `${INNER}\n\ufeff---\n${INNER.replace('"b"', '"c"')}\n`,
};

for (const [what, text] of Object.entries(READ_APART)) {
  test(`${what} is judged as each of the cluster's programs reads it, or refused`, async () => {
    const files = [{ name: "a.yaml", content: Buffer.from(text) }];
    const { applied, built, faulted, missing } = await compare(files, reader, cluster, join(directory, what));
    assert.deepEqual(missing, []);
    assert.ok(applied + built + faulted > 0);
  });
}
