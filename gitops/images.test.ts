import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { parseAllDocuments } from "yaml";
import { applyEdits, findImages } from "./images";

const HOST = "registry.example.no";
const DIGEST = `sha256:${"a".repeat(64)}`;

const bumped = (text: string, wanted: string, repository = "shop"): string =>
  applyEdits(
    text,
    findImages(text, [HOST])
      .filter((place) => place.repository === repository)
      .flatMap((place) => place.set(wanted)),
  );

const pod = (image: string): string => `spec:
  containers:
    - name: shop # the shop
      image:   ${image}   # as CI built it
`;

/** What stands there, what is asked for, and what stands there afterwards. */
const IMAGES: [string, string, string][] = [
  [`${HOST}/shop:1`, ":2", `${HOST}/shop:2`],
  [`"${HOST}/shop:1"`, ":2", `"${HOST}/shop:2"`],
  [`'${HOST}/shop:1'`, `@${DIGEST}`, `'${HOST}/shop@${DIGEST}'`],
  [`${HOST}/shop@${DIGEST}`, ":2", `${HOST}/shop:2`],
  [`${HOST}/shop:1@${DIGEST}`, ":2", `${HOST}/shop:2`],
  [`${HOST}/shop`, ":2", `${HOST}/shop:2`],
  [`&image ${HOST}/shop:1`, ":2", `&image ${HOST}/shop:2`],
];

for (const [before, wanted, after] of IMAGES) {
  test(`${before} becomes ${after}, and is at ${wanted} then`, () => {
    assert.equal(bumped(pod(before), wanted), pod(after));
    assert.equal(bumped(pod(after), wanted), pod(after));
  });
}

test("an image over two lines is changed on its own, and one with a comment in its text is none", () => {
  const folded = (image: string) => `containers:\n- image: >-\n    ${HOST}/${image}\n`;
  assert.equal(bumped(folded("shop:1"), ":2"), folded("shop:2"));
  assert.equal(bumped(folded("shop:1 # old"), ":2"), folded("shop:1 # old"));
});

test("an image that is at the tag already stays, with its digest", () => {
  for (const wanted of [":1", `@${DIGEST}`])
    assert.equal(bumped(pod(`${HOST}/shop:1@${DIGEST}`), wanted), pod(`${HOST}/shop:1@${DIGEST}`));
});

test("only images of the registry are found, and only under the very name", () => {
  for (const image of [
    "other.example.no/shop:1",
    `${HOST}.evil.no/shop:1`,
    `${HOST}/my-shop:1`,
    `${HOST}/team/shop:1`,
    `${HOST}/shop2:1`,
    "shop:1",
    "registry-example-no/shop:1",
  ])
    assert.equal(bumped(pod(image), ":2"), pod(image), image);
  assert.equal(bumped(pod(`${HOST}/team/shop:1`), ":2", "team/shop"), pod(`${HOST}/team/shop:2`));
});

const ELSEWHERE = `# image: ${HOST}/shop:1
apiVersion: v1
kind: ConfigMap
metadata: { name: image, annotations: { image: "${HOST}/shop:1" } }
data:
  image: ${HOST}/shop:1
  pod.yaml: |
    spec:
      containers:
        - image: ${HOST}/shop:1
---
images:
  - name: ${HOST}/shop
kind: Gallery
`;

test("text that only looks like an image is none", () => {
  assert.deepEqual(findImages(ELSEWHERE, [HOST]), []);
});

test("init containers, ephemeral ones, volumes, lists and several documents are all found, each with its line", () => {
  const text = `spec: { initContainers: [{ image: ${HOST}/shop:1 }], ephemeralContainers: [{ image: ${HOST}/shop:1 }] }
---
kind: List
items:
  - spec:
      template:
        spec:
          containers: [{ image: ${HOST}/shop:1 }]
          volumes: [{ image: { reference: "${HOST}/shop:1" } }]
---
# nothing
`;
  assert.deepEqual(
    findImages(text, [HOST]).map(({ line, now }) => [line, now]),
    [
      [1, ":1"],
      [1, ":1"],
      [8, ":1"],
      [9, ":1"],
    ],
  );
  assert.equal(bumped(text, ":2"), text.replaceAll("shop:1", "shop:2"));
});

test("an anchor with two uses is changed once, where it stands", () => {
  const text = `x: &shop ${HOST}/shop:1\nspec:\n  containers: &all\n    - image: *shop\n  initContainers: *all\n`;
  assert.equal(bumped(text, ":22"), text.replace("shop:1", "shop:22"));
});

const kustomization = (fields: string): string => `# ours
kind: Kustomization
images:
  - name: shop   # in base
    newName: ${HOST}/shop
    ${fields}
`;

const ENTRIES: [string, string, string][] = [
  ["newTag: one # first", ":two", "newTag: two # first"],
  ["newTag: 'one'", ":2", "newTag: '2'"],
  ["newTag: one", ":1e3", 'newTag: "1e3"'],
  ["newTag: one", ":2026-01-01", 'newTag: "2026-01-01"'],
  ["newTag: 12", ":13", 'newTag: "13"'],
  ["newTag: one", `@${DIGEST}`, `digest: ${DIGEST}`],
  [`digest: "${DIGEST}"`, ":2", 'newTag: "2"'],
];

for (const [before, wanted, after] of ENTRIES) {
  test(`in a kustomization ${before} becomes ${after}`, () => {
    assert.equal(bumped(kustomization(before), wanted), kustomization(after));
    assert.equal(bumped(kustomization(after), wanted), kustomization(after));
  });
}

test("an entry by its own name, and one of the agent's own Kustomization, are entries", () => {
  const own = `images:\n  - { name: ${HOST}/shop, newTag: "1" }\n`;
  assert.equal(bumped(own, ":2"), own.replace('"1"', '"2"'));
  const agents = `kind: Kustomization\nspec:\n  images:\n    - name: ${HOST}/shop\n      newTag: one\n`;
  assert.equal(bumped(agents, ":two"), agents.replace("one", "two"));
});

test("what one text cannot replace is refused with the reason", () => {
  const refused: [string, RegExp][] = [
    [kustomization(`newTag: one\n    digest: ${DIGEST}`), /both newTag and digest/],
    [kustomization("x: 1"), /neither newTag nor digest/],
    [pod(`"${HOST}/sh\\x6fp:1"`), /with escapes/],
  ];
  for (const [text, why] of refused) assert.throws(() => bumped(text, ":2"), why);
});

test("a text that is no YAML, or nested without end, is an error and not a crash", () => {
  assert.throws(() => findImages("a: {{ .Values.x }}\nb: [", [HOST]));
  assert.throws(() => findImages("[".repeat(200_000), [HOST]));
});

const text = (...of: string[]) => fc.array(fc.constantFrom(...of), { maxLength: 6 }).map((all) => all.join(""));
const noise = text(
  "# image: x/shop:1",
  "\n",
  "# ø æ\n",
  "\n\n",
  "a: &b [1, 2]\n",
  "c: 'd'\n",
  "\t\n",
  "---\n",
  "e: |\n  f\n",
  "#\r\n",
);
const quote = fc.constantFrom("", '"', "'");
const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/);

test("whatever stands around, only the characters of the tag change, and what is read is the new image", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("", "\uFEFF"),
      noise,
      quote,
      tag,
      tag,
      noise,
      fc.boolean(),
      (bom, before, q, old, wanted, after, crlf) => {
        const lines = `---\nspec:\n  containers:\n  - name: x\n    image: ${q}${HOST}/shop:${old}${q} # c\n  - image: ${HOST}/my-shop:${old}\n---\n`;
        const whole = `${bom}${before}\n${lines}${after}`;
        const input = crlf ? whole.replace(/\r?\n/g, "\r\n") : whole;
        if ((parseAllDocuments(input) as { errors: unknown[] }[]).some(({ errors }) => errors.length > 0)) return;
        const output = bumped(input, `:${wanted}`);
        assert.equal(
          output,
          input.replace(`${q}${HOST}/shop:${old}${q} # c`, () => `${q}${HOST}/shop:${wanted}${q} # c`),
        );
        assert.deepEqual(
          findImages(output, [HOST]).map(({ repository, now }) => [repository, now]),
          [
            ["shop", `:${wanted}`],
            ["my-shop", `:${old}`],
          ],
        );
      },
    ),
  );
});
