import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compile } from "./compile";
import { concat, toCel, Unknown, UnknownError, unknown } from "./unknown";

const object = toCel({
  count: 3,
  half: 0.5,
  nothing: null,
  names: ["x", unknown, "z"],
  known: { limit: 2 },
  part: { limit: unknown, request: 1 },
  items: [{ name: "good" }, unknown, { name: "bad" }],
});

function verdict(text: string): unknown {
  const result = compile(text).evaluate({ object });
  return result.kind === "value" ? result.value : result.kind === "unknown" ? result.paths : result.kind;
}

describe("numbers and nulls", () => {
  it("reads whole numbers as int and others as double", () =>
    assert.equal(verdict("object.count + 1 == 4 && object.half < 1.0"), true));
  it("takes null for absent, as Kubernetes does", () => assert.equal(verdict("has(object.nothing)"), false));
});

describe("an unknown value", () => {
  const undecided: [string, string[]][] = [
    ["object.part.limit == 2", ["part.limit"]],
    ["object.part.limit != 2", ["part.limit"]],
    ["has(object.part.limit)", ["part.limit"]],
    ["'limit' in object.part", ["part.limit"]],
    ["object.?part.?limit.orValue(1) == 1", ["part.limit"]],
    ["object.part.request == 2 || object.part.limit == 2", ["part.limit"]],
    ["object.part == {'limit': 2, 'request': 1}", ["part.limit"]],
    ["object.names[1] == 'x'", ["names[1]"]],
    ["object.names == ['x', 'y', 'z']", ["names[1]"]],
    ["object.names != ['x', 'y', 'z']", ["names[1]"]],
    ["'y' in object.names", ["names[1]"]],
    ["!('y' in object.names)", ["names[1]"]],
    ["object.items.all(i, i.name != 'worse')", ["items[1]"]],
    ["object.items.exists(i, i.name == 'worse')", ["items[1]"]],
    ["object.items.map(i, i.name).size() == 3", ["items[1]"]],
    ["(object.names + ['w']).join(',') == ''", ["names[1]"]],
    ["'%s'.format([object.part.limit]) == '2'", ["part.limit"]],
    ["object.missing == 1 && object.part.limit == 2", ["part.limit"]],
    ["object.part.limit == 2 && object.missing == 1", ["part.limit"]],
  ];
  for (const [text, paths] of undecided) {
    it(`leaves undecided: ${text}`, () => assert.deepEqual(verdict(text), paths));
  }

  const decided: [string, unknown][] = [
    ["object.part.limit == 2 || object.part.request == 1", true],
    ["object.part.request == 1 || object.part.limit == 2", true],
    ["object.part.limit == 2 && object.part.request == 9", false],
    ["'z' in object.names", true],
    ["object.names.exists(n, n == 'z')", true],
    ["object.items.all(i, i.name != 'bad')", false],
    ["object.items.exists(i, i.name == 'good')", true],
    ["object.names.size()", 3n],
    ["has(object.part)", true],
    ["object.missing == 1", "error"],
  ];
  for (const [text, expected] of decided) {
    it(`does not matter: ${text}`, () => assert.deepEqual(verdict(text), expected));
  }

  it("carries over when lists are joined", () => {
    const joined = concat([toCel(["a"], "one") as unknown[], toCel([unknown, "b"], "two") as unknown[]]);
    const ask = (text: string) => compile(text).evaluate({ joined });
    assert.deepEqual(ask("'b' in joined"), { kind: "value", value: true });
    assert.deepEqual(ask("'c' in joined"), { kind: "unknown", paths: ["two[0]"] });
  });

  it("may be the whole object", () => {
    const result = compile("object.spec.x == 1").evaluate({ object: toCel(new Unknown(), "object") });
    assert.deepEqual(result, { kind: "unknown", paths: ["object"] });
  });
});

describe("the error of reading an unknown", () => {
  const error = new UnknownError("part.limit");
  it("is an Error that says what is not known", () => {
    assert.ok(error instanceof Error);
    assert.equal(String(error), "UnknownError: part.limit is not known yet");
  });
  it("does not write down where it was made: it is thrown for each object anew", () => {
    assert.ok((Error.stackTraceLimit ?? 0) > 0, "stacks are switched off, so this shows nothing");
    assert.equal((error as Error).stack, undefined);
  });
});
