import * as assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Program, programArguments, programEnvironment, programResult } from "./program";

const program: Program = {
  rootDirectory: "/project",
  programDirectory: "/project/dist/infra",
  entryPoint: "index.js",
  workingDirectory: "/project",
  organization: "organization",
  project: "grunnmur",
  stack: "local",
  dryRun: false,
  parallel: 16,
  monitorAddress: "127.0.0.1:1",
  args: [],
  config: { "grunnmur:token": "hunter2" },
  configSecretKeys: ["grunnmur:token"],
};

describe("starting a program", () => {
  it("names the entry point last, after the flags", () => {
    const args = programArguments(program, "127.0.0.1:2");
    assert.equal(args.at(-1), "/project/dist/infra/index.js");
    assert.ok(!args.includes("--dry-run"));
    assert.ok(programArguments({ ...program, dryRun: true }, "").includes("--dry-run"));
  });

  it("puts no configuration on the command line", () => {
    assert.doesNotMatch(programArguments(program, "").join(" "), /hunter2/);
    assert.match(programEnvironment(program).PULUMI_CONFIG ?? "", /hunter2/);
  });
});

describe("a program's end", () => {
  it("is told once: not again when the program has shown its error itself", () => {
    assert.deepEqual(programResult(0, null), { error: "", bail: false });
    assert.deepEqual(programResult(32, null), { error: "", bail: true });
    assert.match(programResult(1, null).error, /exit code 1/);
    assert.match(programResult(null, "SIGKILL").error, /SIGKILL/);
  });
});
