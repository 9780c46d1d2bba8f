import assert from "node:assert/strict";
import { test } from "node:test";
import { domainXml } from "./domain";

const args = {
  name: "worker-1",
  address: "10.20.0.12",
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
  assert.match(xml, /<tb-cache unit='MiB'>1365<\/tb-cache>/);
  assert.match(domainXml({ ...args, memoryMiB: 8192 }), /<tb-cache unit='MiB'>2047<\/tb-cache>/);
  assert.match(xml, / norandmaps .* tsc=reliable /);
  assert.match(xml, /<memory unit='MiB'>2048<\/memory>\s+<vcpu>2<\/vcpu>/);
});

test("an emulated guest is not offered what its CPU is slower with", () => {
  const xml = domainXml(args);
  for (const name of ["avx", "avx2", "erms", "fsrm", "pclmuldq"])
    assert.match(xml, new RegExp(`<cpu mode='maximum'>.*<feature policy='disable' name='${name}'/>`), name);
  assert.match(xml, /<cmdline>.* systemd\.setenv=GOMAXPROCS=1[ <]/);
});

test("a KVM guest keeps all that its CPU has, its mitigations and random addresses", () => {
  const xml = domainXml({ ...args, emulated: false });
  assert.match(xml, /<domain type='kvm'>/);
  assert.match(xml, /<cpu mode='host-passthrough'\/>/);
  assert.doesNotMatch(xml, /tcg|mitigations=off|norandmaps|tsc=reliable|GOMAXPROCS|<feature /);
});

test("a guest whose kernel panics starts again", () => {
  for (const emulated of [true, false]) assert.match(domainXml({ ...args, emulated }), /<cmdline>.* panic=10 /);
});

test("a guest's MAC follows its address, also past 255 nodes, so no two on a network are the same", () => {
  const addresses = Array.from({ length: 1000 }, (_, i) => `10.20.${Math.floor(i / 256)}.${i % 256}`);
  const macs = addresses.map((address) => /<mac address='([0-9a-f:]+)'\/>/.exec(domainXml({ ...args, address }))?.[1]);
  assert.equal(new Set(macs).size, 1000);
  assert.equal(macs[999], "52:54:0a:14:03:e7");
});

test("a data disk is the third, and its serial says what it is for", () => {
  assert.doesNotMatch(domainXml(args), /vdc|serial>grunnmur/);
  for (const dataDisk of ["registry", "worker"] as const) {
    const xml = domainXml({ ...args, dataDisk });
    const [, serial = ""] =
      /volume='worker-1\.data\.qcow2'\/><target dev='vdc' bus='virtio'\/><serial>(.*)<\/serial>/.exec(xml) ?? [];
    assert.equal(serial, `grunnmur-${dataDisk}`);
    assert.ok(serial.length <= 20, "the kernel is told 20 characters of it");
  }
});
