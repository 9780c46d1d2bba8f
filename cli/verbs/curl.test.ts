import assert from "node:assert/strict";
import { test } from "node:test";
import { curlVerb, wayTo } from "./curl";

test("every name is found at all workers, and what signed the certificate is trusted where it is the environment's own", () => {
  const ingress = { hosts: ["shop.example.no"], addresses: ["10.20.0.12"], reach: ["127.20.0.12", "127.20.0.13"] };
  const found = ["--resolve", "*:80:127.20.0.12,127.20.0.13", "--resolve", "*:443:127.20.0.12,127.20.0.13"];
  assert.deepEqual(wayTo(ingress, "/ca.pem"), [...found, "--cacert", "/ca.pem"]);
  assert.deepEqual(wayTo(ingress, undefined), found);
});

test("curl's own options are curl's, and no name of a stack", async () => {
  for (const [typed, stack] of [
    [["-sS", "-m", "60", "https://x"], "local"],
    [["-s", "https://x"], "local"],
    [["--stack", "prod", "-sS", "-o", "/dev/null", "https://x"], "prod"],
    [["--stack", "prod", "https://x", "--stack", "y"], "prod"],
  ] as const) {
    let passed: unknown;
    const command = curlVerb().action((args: string[], options: { stack: string }) => {
      passed = [options.stack, args];
    });
    await command.parseAsync([...typed], { from: "user" });
    assert.deepEqual(passed, [stack, typed.filter((_, at) => typed[0] !== "--stack" || at > 1)]);
  }
});
