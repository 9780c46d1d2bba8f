import assert from "node:assert/strict";
import { test } from "node:test";
import { program } from "./program";

test("every verb has a description and an example in its help", () => {
  const names = program().commands.map((command) => command.name());
  assert.deepEqual(names, [
    "up",
    "preview",
    "review",
    "check",
    "init",
    "bump",
    "status",
    "doctor",
    "report",
    "replace",
    "upgrade",
    "rotate",
    "destroy",
    "env",
    "kubectl",
    "ssh",
    "curl",
    "git",
    "sops",
    "completion",
    "test",
  ]);
  for (const command of program().commands) {
    let help = "";
    command.configureOutput({ writeOut: (text) => (help += text) });
    command.outputHelp();
    assert.match(help, new RegExp(`Examples:\n  \\$ \\./grunnmur ${command.name()}`));
    assert.ok(command.description().length > 10);
  }
});

test("--version names what a report of a fault should", async () => {
  let said = "";
  const root = program().exitOverride();
  root.configureOutput({ writeOut: (text) => (said += text) });
  await assert.rejects(root.parseAsync(["--version"], { from: "user" }));
  assert.match(
    said,
    /^grunnmur \d\S+, flux \d\S+, debian \d\S+, (?:[a-z-]+ \d\S+, )*kubernetes \d\S+, (?:[a-z-]+ \d\S+, )*sops \d\S+\n$/,
  );
});

const parse = async (...args: string[]): Promise<string> => {
  const root = program();
  let said = "";
  for (const command of [root, ...root.commands]) {
    command.exitOverride().configureOutput({ writeErr: (text) => (said += text), writeOut: () => undefined });
  }
  await assert.rejects(root.parseAsync(args, { from: "user" }));
  return said;
};

test("a mistyped verb or option is answered with the one that was meant", async () => {
  assert.match(await parse("destory"), /unknown command 'destory'\n\(Did you mean destroy\?\)/);
  assert.match(await parse("up", "--stak", "local"), /unknown option '--stak'\n\(Did you mean --stack\?\)/);
  assert.match(await parse("up", "prod"), /too many arguments .*\n.*an environment is chosen with --stack/);
  assert.match(await parse("--stack", "prod", "up"), /unknown option '--stack'\n.*options stand after the verb/);
  assert.match(await parse("test", "all"), /Allowed choices are unit, e2e, ha/);
});
