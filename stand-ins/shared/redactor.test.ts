import * as assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redactor } from "./redactor";
import { Secret } from "./value";

describe("the redactor", () => {
  it("hides what is marked secret, at any depth, and nothing else", () => {
    const redactor = new Redactor(
      { environment: { A: new Secret("hunter2"), B: "open" }, list: [new Secret("s3")] },
      [],
    );
    assert.equal(redactor.redact("hunter2 open s3"), "[secret] open [secret]");
  });

  it("hides the inputs that are always secret without a mark", () => {
    assert.equal(new Redactor({ stdin: "from stdin" }, ["stdin"]).redact("got: from stdin!"), "got: [secret]!");
  });

  it("hides each line of a key, but not short lines that any output may hold", () => {
    const redactor = new Redactor({ stdin: new Secret("{\n  MIIEvQIBADANBg\n}\n") }, []);
    assert.equal(redactor.redact("MIIEvQIBADANBg\n}"), "[secret]\n}");
  });

  it("hides long fields of a secret JSON text", () => {
    const redactor = new Redactor({ stdin: JSON.stringify({ token: "abcdef.0123456789", mode: "on" }) }, ["stdin"]);
    assert.equal(redactor.redact("joining with abcdef.0123456789 on"), "joining with [secret] on");
  });

  it("leaves no rest of a secret that holds another", () => {
    const redactor = new Redactor({ a: new Secret("pass"), b: new Secret("password") }, []);
    assert.equal(redactor.redact("password"), "[secret]");
  });

  it("takes empty secrets for nothing", () => {
    assert.equal(new Redactor({ a: new Secret("  ") }, []).redact("a  b"), "a  b");
  });
});
