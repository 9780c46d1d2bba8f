import assert from "node:assert/strict";
import { test } from "node:test";
import { wayTo } from "./curl";

test("every name is found at all workers, and what signed the certificate is trusted where it is the environment's own", () => {
  const ingress = { hosts: ["shop.example.no"], addresses: ["10.20.0.12"], reach: ["127.20.0.12", "127.20.0.13"] };
  const found = ["--resolve", "*:80:127.20.0.12,127.20.0.13", "--resolve", "*:443:127.20.0.12,127.20.0.13"];
  assert.deepEqual(wayTo(ingress, "/ca.pem"), [...found, "--cacert", "/ca.pem"]);
  assert.deepEqual(wayTo(ingress, undefined), found);
});
