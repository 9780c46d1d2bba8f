import assert from "node:assert/strict";
import { test } from "node:test";
import { emulated, kvm } from "../pace";
import { virtualAddressFiles, virtualAddressUnit } from "./virtual-address";

const all = [1, 2, 3].map((n) => ({ name: `control-${n}`, address: `10.30.0.1${n}` }));
const [first = assert.fail()] = all;
const configuration = (planes: typeof all, pace = kvm): string =>
  virtualAddressFiles(first, planes, "10.30.0.5", pace).find(({ path }) => path.endsWith(".conf"))?.content ?? "";

test("each control plane tells the others and itself is not among them", () => {
  const text = configuration(all);
  assert.match(text, /unicast_src_ip 10\.30\.0\.11\n {2}unicast_peer \{\n {4}10\.30\.0\.12\n {4}10\.30\.0\.13\n {2}\}/);
  assert.match(text, /virtual_ipaddress \{\n {4}10\.30\.0\.5\/32 dev eth0\n/);
  assert.equal(configuration([...all].reverse()), text, "their order means nothing");
});

test("a single one has nobody to tell", () => {
  assert.doesNotMatch(configuration([first]), /unicast_peer/);
});

test("one that is late on emulated CPUs is not given up as soon", () => {
  const seconds = (pace: typeof kvm) => {
    const [, interval, fall] = /interval (\d+)[\s\S]*fall (\d+)/.exec(configuration(all, pace)) ?? [];
    return Number(interval) * Number(fall);
  };
  assert.ok(seconds(kvm) <= 10 && seconds(emulated) >= 120, `${seconds(kvm)} and ${seconds(emulated)} s`);
});

test("without an address the unit stays and does nothing, so that one that had it gives it back", () => {
  const files = virtualAddressFiles(first, all, undefined, kvm);
  assert.deepEqual(
    files.map(({ path }) => path),
    [`/etc/systemd/system/${virtualAddressUnit.name}`],
  );
  assert.match(files[0]?.content ?? "", /^ConditionPathExists=\/etc\/keepalived\/grunnmur\.conf$/m);
});
