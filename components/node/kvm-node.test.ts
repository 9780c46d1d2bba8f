import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { sshKey } from "../keys/ssh";
import { network } from "./example-network";
import { KvmNode, type KvmNodeArgs } from "./kvm-node";

// biome-ignore lint/suspicious/noExplicitAny: inputs of any resource
const made = new Map<string, any>();
const ignored = new Map<string, string[]>();
const dependencies = new Map<string, string[]>();

pulumi.runtime.setMocks(
  {
    newResource: ({ name, inputs }) => {
      made.set(name, inputs);
      const outputs: Record<string, unknown> = { ...inputs };
      if (name.endsWith("-preflight")) outputs.stdout = '{"fsyncP99Milliseconds":1}';
      return { id: `${name}-id`, state: outputs };
    },
    call: ({ token }) => assert.fail(token),
  },
  "grunnmur",
  "prod",
  false,
);
const note: pulumi.ResourceTransformation = ({ name, opts }) => {
  ignored.set(name, (opts as pulumi.CustomResourceOptions).ignoreChanges ?? []);
  const on = [opts.dependsOn ?? []].flat() as pulumi.Resource[];
  dependencies.set(
    name,
    on.map((resource) => (resource as unknown as { __name: string }).__name),
  );
  return undefined;
};

const hypervisor = {
  name: "osl-a",
  uri: "qemu+ssh://root@a.example.no/system",
  bridge: "br0",
  pool: "nvme",
  readsStore: false,
  emulated: false,
  consoleLogDir: "/var/log/libvirt/qemu",
  guestPrefix: "prod.",
};
const args: KvmNodeArgs = {
  role: "worker",
  site: "osl-1",
  country: "NO",
  address: "10.20.0.12",
  reach: "10.20.0.12",
  cores: 2,
  memoryMiB: 2048,
  limits: { fsyncP99Milliseconds: 10, stealPercent: 5, thorough: true },
  adminKey: sshKey(Buffer.alloc(32, 7).toString("base64"), "admin"),
  hostKey: pulumi.secret(sshKey(Buffer.alloc(32, 7).toString("base64"), "host/worker-1")),
  diskGiB: 20,
  network,
  hypervisor,
  image: { dir: "/store/golden-image-1", key: "1", debian: "2026-01-01" },
  stack: "prod",
  owner: "0123456789abcdef",
};

async function make(name: string, change: Partial<KvmNodeArgs>) {
  const node = new KvmNode(name, { ...args, ...change }, { transformations: [note] });
  await new Promise((resolve) => node.measured.apply(resolve));
  const births = [...made.keys()].filter((key) => key.startsWith(`${name}-birth-`)).map((key) => key.split("-").at(-1));
  const of = (part: string) => made.get(`${name}-${part}`);
  return { disk: of("disk"), data: of("data"), domain: of("domain"), preflight: of("preflight"), births };
}

test("only another hypervisor, pool or address makes a disk anew, and with what is then the newest", async () => {
  const first = await make("a", {});
  const same = await make("b", {
    hypervisor: { ...hypervisor, uri: "qemu+ssh://other@b.example.no/system" },
    diskGiB: 40,
    memoryMiB: 4096,
    image: { dir: "/store/golden-image-2", key: "2", debian: "2026-02-02" },
  });
  assert.deepEqual(same.disk.triggers, first.disk.triggers);
  assert.deepEqual(same.births, first.births);
  for (const [name, change] of Object.entries({
    c: { hypervisor: { ...hypervisor, name: "osl-b" } },
    d: { hypervisor: { ...hypervisor, pool: "ssd" } },
    e: { address: "10.20.0.13" },
  })) {
    const other = await make(name, change);
    assert.notDeepEqual(other.disk.triggers, first.disk.triggers);
    assert.notDeepEqual(other.births, first.births);
  }
});

test("what a disk was born with is kept, and the domain goes with the disk alone", async () => {
  const { domain, births } = await make("f", {});
  assert.deepEqual(ignored.get(`f-birth-${births[0]}`), ["input"]);
  assert.deepEqual(domain.triggers, ["f-disk-id"]);
  assert.match(domain.stdin, /<memory unit='MiB'>2048</); // open to a preview's reader
});

test("a machine that is made anew is made from the newest image", async () => {
  const { births } = await make("j", { anew: true });
  assert.deepEqual(ignored.get(`j-birth-${births[0]}`), []);
});

test("a guest that was found off is an update; one that runs, or of which nothing is known, is none", async () => {
  const off = ["environment.FOUND_OFF"];
  await make("g", { running: new Set(["prod.other"]) });
  assert.deepEqual(ignored.get("g-domain"), []);
  await make("h", { running: new Set(["prod.h"]) });
  assert.deepEqual(ignored.get("h-domain"), off);
  await make("i", {});
  assert.deepEqual(ignored.get("i-domain"), off);
});

test("a data disk is made anew in another place only, never for another address, image or size of any disk", async () => {
  const data = { dataDiskGiB: 50 };
  const first = await make("j", data);
  const stays = {
    address: "10.20.0.13",
    image: { dir: "/store/2", key: "2", debian: "2026-02-02" },
    diskGiB: 40,
    dataDiskGiB: 60,
  };
  assert.deepEqual((await make("k", stays)).data.triggers, first.data.triggers);
  for (const [name, place] of Object.entries({ l: { name: "osl-b" }, m: { pool: "ssd" } })) {
    const moved = await make(name, { ...data, hypervisor: { ...hypervisor, ...place } });
    assert.notDeepEqual(moved.data.triggers, first.data.triggers);
    assert.notDeepEqual(moved.disk.triggers, first.disk.triggers); // by which the guest ends before its data disk goes
  }
});

test("the domain is made over the data disk, and goes with the system disk alone", async () => {
  const { domain } = await make("n", { dataDiskGiB: 50 });
  assert.deepEqual(domain.triggers, ["n-disk-id"]);
  assert.match(domain.stdin, /volume='prod\.n\.data\.qcow2'.*<serial>grunnmur-worker</);
  assert.deepEqual(dependencies.get("n-domain"), ["n-data"]);
  assert.deepEqual(dependencies.get("n-data"), ["n-disk"]);
});

test("a machine without a data disk is as it was, and a control plane has none", async () => {
  const { data, domain } = await make("o", {});
  assert.equal(data, undefined);
  assert.doesNotMatch(domain.stdin, /vdc|\n *\n/);
  assert.throws(() => new KvmNode("p", { ...args, role: "control-plane", dataDiskGiB: 50 }), /p is a control plane/);
});
