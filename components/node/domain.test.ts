import assert from "node:assert/strict";
import { test } from "node:test";
import { domainXml } from "./domain";

const args = {
  name: "worker-1",
  cores: 2,
  memoryMiB: 2048,
  bridge: "br0",
  pool: "grunnmur",
  owner: "0123456789abcdef",
  emulated: true,
  consoleLog: "/var/log/libvirt/worker-1.log",
};

test("an emulated guest asks for no KVM and gets room for translated code", () => {
  const xml = domainXml(args);
  assert.match(xml, /<domain type='qemu'>/);
  assert.match(xml, /<tb-cache unit='MiB'>1024<\/tb-cache>/);
  assert.match(xml, / tsc=reliable /);
  assert.match(xml, /<memory unit='MiB'>2048<\/memory>\s+<vcpu>2<\/vcpu>/);
});

test("a KVM guest keeps its CPU's mitigations", () => {
  const xml = domainXml({ ...args, emulated: false });
  assert.match(xml, /<domain type='kvm'>/);
  assert.match(xml, /host-passthrough/);
  assert.doesNotMatch(xml, /tcg|mitigations=off|tsc=reliable/);
});

test("a guest whose kernel panics starts again", () => {
  for (const emulated of [true, false]) assert.match(domainXml({ ...args, emulated }), /<cmdline>.* panic=10 /);
});
