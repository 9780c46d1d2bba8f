import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { sshKey } from "../../components/keys/ssh";
import { domainXml } from "../../components/node/domain";
import { seedFiles } from "../../components/node/seed";
import { payload } from "../../components/payload";
import { goldenImage } from "../../infra/artifacts";
import type { Rig } from "./rig";
import { must, type } from "./user";

/**
 * A machine from the golden image that nobody of grunnmur's has made, as somebody with access to the hypervisor would.
 * @param adminKey public key that it lets in
 * @returns its public SSH host key
 */
export async function makeByHand(
  rig: Rig,
  hypervisor: number,
  { name, address, adminKey }: { name: string; address: string; adminKey: string },
): Promise<string> {
  const pool = join(rig.directory, String(hypervisor), "pool");
  const { dir } = goldenImage();
  const backing = ["-b", join(dir, "disk.raw"), "-F", "raw"];
  await must(type("qemu-img", ["create", "-q", "-f", "qcow2", ...backing, join(pool, `${name}.qcow2`), "20G"]));
  const hostKey = sshKey(Buffer.alloc(32, 7).toString("base64"), name);
  const network = { cidr: "10.30.0.0/24", gateway: "10.30.0.1", dnsServers: [] };
  const seed = await payload(seedFiles({ name, address, network, hostKey, adminKey }));
  writeFileSync(join(pool, `${name}.seed`), Buffer.from(seed, "base64"));
  await must(rig.virsh(hypervisor, "pool-refresh", "nvme"));
  const xml = domainXml({
    name,
    address,
    cores: 2,
    memoryMiB: 2048,
    bridge: "br0",
    pool: "nvme",
    owner: "0".repeat(16),
    emulated: true,
    consoleLog: `/var/log/libvirt/qemu/${name}.log`,
  });
  const file = join(rig.directory, `${name}.xml`);
  writeFileSync(file, xml.replace("@KERNEL@", join(dir, "vmlinuz")).replace("@INITRD@", join(dir, "initrd.img")));
  await must(rig.virsh(hypervisor, "define", file));
  await must(rig.virsh(hypervisor, "start", name));
  return hostKey.publicKey.split(" ").slice(0, 2).join(" ");
}
