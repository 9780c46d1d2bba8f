import assert from "node:assert/strict";
import { test } from "node:test";
import { emulated, kvm } from "../pace";
import { apiGateFiles, apiGateUnit } from "./api-gate";

const rules = (pace: typeof kvm) => apiGateFiles(pace).find(({ path }) => path === apiGateUnit.watches)?.content ?? "";

test("new connections are let in few at a time where CPUs are emulated, and nothing is said to those that there are", () => {
  const text = rules(emulated);
  assert.match(text, /tcp dport 6443 ct state new limit rate over 2\/second burst 6 packets counter drop\n/);
  assert.doesNotMatch(text, /established|reject/);
});

test("where nothing is held back what an earlier one wrote goes, and it is there before a kubelet starts its pods", () => {
  assert.equal(rules(kvm), "table inet grunnmur-api\ndelete table inet grunnmur-api\n");
  assert.ok(rules(emulated).startsWith(rules(kvm)), "loaded twice it would hold twice");
  const unit = apiGateFiles(kvm).find(({ path }) => path.endsWith(apiGateUnit.name))?.content ?? "";
  assert.match(unit, /Before=kubelet\.service\n[\s\S]*ExecStart=\/usr\/sbin\/nft -f \/etc\/nftables\.d\/api\.nft\n/);
});
