import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lint } from "./lint";

const options = { names: ["container"], variables: ["podSpec"], params: ["mode"] };

describe("lint", () => {
  const clean = [
    "has(container.resources) && params.mode == 'required'",
    "variables.podSpec.containers.all(c, c.ports.all(p, p.containerPort > 0))",
    "[container.image].all(image, image.matches('^[a-z]+$'))",
    "ip.isCanonical('1.2.3.4') && format.uuid().validate('x').hasValue() && sets.contains([1], [1])",
    "object.a.all(a, a.b.all(b, [b.c].all(c, c == 1)))",
    "optional.of(1).orValue(2) == 1",
    "['a', dyn(1)].size() == 2",
    "has(object.?spec.x.y) && dyn(object).?spec.hasValue()",
  ];
  for (const text of clean) it(`accepts ${text}`, () => assert.deepEqual(lint(text, options), []));

  const faulty: [string, RegExp][] = [
    ["object.", /not a CEL expression/],
    ["item.name == 'a'", /item is not a name here; allowed: object/],
    ["params.nope == 1", /params\.nope is not declared; allowed: mode/],
    ["variables.later", /variables\.later is not declared before; allowed: podSpec/],
    ["request.userInfo.username == 'x'", /request\.userInfo is not known in every gate/],
    ["timestamp('2020-01-01T00:00:00Z') == object.t", /timestamp\(\) is outside the profile/],
    ["cel.bind(x, 1, x == 1)", /bind\(\) is outside the profile/],
    ["'a'.matches(object.pattern)", /constant regular expression/],
    ["'a'.matches('(?=a)')", /is not RE2/],
    ["'a'.substring(1, 2, 3) == ''", /takes 1 or 2 arguments, 3 given/],
    ["['a', 1].size() == 2", /mixes string and bigint: wrap its elements in dyn\(\)/],
    ["{'a': 'x', 'b': true}.size() == 2", /a map literal mixes/],
    ["has(dyn(object).spec)", /has\(\) wants fields from a name.*of dyn\(\).*\.hasValue\(\)/],
    ["has(dyn(object.spec).a.b)", /has\(\) wants/],
    ["has(object.containers[0].image)", /has\(\) wants/],
    ["has(object.?spec)", /has\(\) wants/],
    ["has(object)", /has\(\) wants/],
    ["object.a.all(a, a.b.all(b, b.c.all(c, c.d == 1)))", /more than 2 comprehensions/],
  ];
  for (const [text, fault] of faulty) {
    it(`refuses ${text}`, () => assert.match(lint(text, options).join("\n"), fault));
  }

  const condition = { ...options, condition: true };
  for (const text of ["variables.podSpec.x", "variables.?podSpec.x.hasValue()", "size(variables['podSpec']) == 1"]) {
    it(`refuses as a condition: ${text}`, () => {
      assert.match(lint(text, condition).join("\n"), /^a condition has no variables.*; allowed: object, [^\n]*$/);
    });
  }
  it("accepts a condition over the object, the request and parameters", () =>
    assert.deepEqual(lint("params.mode == 'a' || request.namespace == 'b' && has(object.spec.c)", condition), []));
});
