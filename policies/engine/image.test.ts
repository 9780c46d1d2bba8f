import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { compile } from "../cel/compile";
import { IMAGE_IN_CEL, ImageError, isFrom, parseImage } from "./image";

const SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

const CASES: [string, ReturnType<typeof parseImage>][] = [
  ["nginx", { host: "docker.io", port: "", path: "nginx", tag: "", digest: "" }],
  ["nginx:1.27", { host: "docker.io", port: "", path: "nginx", tag: "1.27", digest: "" }],
  ["team/app:1", { host: "docker.io", port: "", path: "team/app", tag: "1", digest: "" }],
  ["reg:5000/nginx", { host: "reg", port: "5000", path: "nginx", tag: "", digest: "" }],
  ["reg:5000/nginx:1", { host: "reg", port: "5000", path: "nginx", tag: "1", digest: "" }],
  ["localhost/app", { host: "localhost", port: "", path: "app", tag: "", digest: "" }],
  ["Reg.Example.NO/app:V1", { host: "reg.example.no", port: "", path: "app", tag: "V1", digest: "" }],
  ["REG/app", { host: "reg", port: "", path: "app", tag: "", digest: "" }],
  ["[fd00::1]:5000/a/b:t", { host: "[fd00::1]", port: "5000", path: "a/b", tag: "t", digest: "" }],
  [`reg.no/a@sha256:${SHA}`, { host: "reg.no", port: "", path: "a", tag: "", digest: `sha256:${SHA}` }],
  [`reg.no/a:2@sha256:${SHA}`, { host: "reg.no", port: "", path: "a", tag: "2", digest: `sha256:${SHA}` }],
  [
    "registry.coolvds.com/payment-service:9f86d08",
    { host: "registry.coolvds.com", port: "", path: "payment-service", tag: "9f86d08", digest: "" },
  ],
];

describe("parseImage", () => {
  for (const [text, expected] of CASES) it(text, () => assert.deepEqual(parseImage(text), expected));

  for (const text of [
    "",
    "UPPER",
    "a b",
    "reg.no/",
    "reg.no/a:",
    "reg.no/a@sha256:abc",
    "reg.no/a@x@y",
    "http://reg.no/a",
    "reg.no:x/a",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseImage(text), ImageError));
  }
});

describe("isFrom", () => {
  const registry = "reg.no";
  for (const image of ["reg.no/app:1", "REG.no/app:1", "reg.no:443/app:1"]) {
    it(`${image} is from ${registry}`, () => assert.equal(isFrom(image, registry), true));
  }
  for (const image of [
    "reg.no.evil.com/app",
    "evil.com/reg.no/app",
    "reg.no:5000/app",
    "app",
    "xreg.no/app",
    "reg.noo/app",
  ]) {
    it(`${image} is not`, () => assert.equal(isFrom(image, registry), false));
  }
});

describe("the CEL text", () => {
  const ask = (text: string, image: string): unknown => {
    const result = compile(text).evaluate({ image });
    assert.equal(result.kind, "value");
    return result.kind === "value" ? result.value : undefined;
  };

  it("agrees with the parser on every reference that is one", () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,4}([._-][a-z0-9]{1,3})?$/);
    const host = fc.oneof(
      part,
      fc.stringMatching(/^[A-Za-z0-9]{1,3}\.[a-z]{2}$/),
      fc.constantFrom("localhost", "REG", "[fd00::1]"),
    );
    const reference = fc
      .record({
        host: fc.option(fc.tuple(host, fc.option(fc.integer({ min: 1, max: 65535 })))),
        path: fc.array(part, { minLength: 1, maxLength: 3 }),
        tag: fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,5}$/)),
        digest: fc.boolean(),
      })
      .map(({ host: at, path, tag, digest }) => {
        const authority = at === null ? "" : `${at[0]}${at[1] === null ? "" : `:${at[1]}`}/`;
        return `${authority}${path.join("/")}${tag === null ? "" : `:${tag}`}${digest ? `@sha256:${SHA}` : ""}`;
      });
    fc.assert(
      fc.property(reference, (image) => {
        let parsed: ReturnType<typeof parseImage>;
        try {
          parsed = parseImage(image);
        } catch {
          return;
        }
        const authority = parsed.port === "" ? parsed.host : `${parsed.host}:${parsed.port}`;
        assert.equal(ask(IMAGE_IN_CEL.authority, image), authority);
        assert.equal(ask(IMAGE_IN_CEL.hasTag, image), parsed.tag !== "");
        assert.equal(ask(IMAGE_IN_CEL.hasDigest, image), parsed.digest !== "");
      }),
      { numRuns: 500 },
    );
  });
});
