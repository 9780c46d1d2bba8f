import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { makeSeed } from "../keys/seed";
import { type SshKey, sshKey } from "../keys/ssh";
import { payload } from "../payload";
import { script } from "../script";
import { domainXml } from "./domain";
import { Machine, type MachineArgs } from "./machine";
import type { SiteNetwork } from "./node";
import { seedFiles } from "./seed";

/** Where a guest runs. */
export interface Hypervisor {
  name: string;
  /** libvirt's address. */
  uri: string;
  /** Public SSH host key, pinned; absent where the hypervisor is this machine. */
  sshHostKey?: string;
  bridge: string;
  pool: string;
  /** Folder of the pool, which is made if missing; absent where the pool must exist already. */
  poolDir?: string;
  /** Absent: the hypervisor is another machine, and the golden image is uploaded to it. */
  readsStore: boolean;
  emulated: boolean;
  consoleLogDir: string;
  /**
   * Stands before the names of guests and disks: another stack may have a guest of the same name there. Empty where no
   * other stack is.
   */
  guestPrefix: string;
  /** Changes when the hypervisor was restarted, so that its guests are started again. Absent: it sees to that itself. */
  boot?: string;
}

/** The golden image in the store. */
export interface GoldenImage {
  /** Folder with `disk.raw`, `vmlinuz` and `initrd.img`. */
  dir: string;
  /** Names this very image on a hypervisor. */
  key: string;
}

export interface KvmNodeArgs extends MachineArgs {
  diskGiB: number;
  network: SiteNetwork;
  hypervisor: Hypervisor;
  image: GoldenImage;
}

/** A KVM guest that the program makes. */
export class KvmNode extends Machine {
  constructor(name: string, args: KvmNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("grunnmur:node:KvmNode", name, args, opts);
    const key = makeSeed(`${name}-identity`, this).apply((base64) => sshKey(base64, `host/${name}`));
    const domain = makeDomain(name, args, key, { parent: this, deleteBeforeReplace: true });
    this.reachAndMeasure(args, {
      sshUser: "root",
      hostKey: pulumi.unsecret(key.apply(({ publicKey }) => withoutComment(publicKey))),
      machine: domain.id,
      dependsOn: [domain], // a guest that is not started never answers
    });
  }
}

function makeDomain(
  name: string,
  args: KvmNodeArgs,
  hostKey: pulumi.Output<SshKey>,
  opts: pulumi.CustomResourceOptions,
): local.Command {
  const { hypervisor, image, cores, memoryMiB, diskGiB, address, network } = args;
  const { uri, bridge, pool, emulated, consoleLogDir, guestPrefix } = hypervisor;
  const guest = `${guestPrefix}${name}`;
  const xml = domainXml({
    name: guest,
    cores,
    memoryMiB,
    bridge,
    pool,
    emulated,
    consoleLog: `${consoleLogDir}/${guest}.log`,
  });
  const stdin = pulumi.all([hostKey, args.adminKey]).apply(async ([host, admin]) => {
    const seed = await payload(seedFiles({ name, address, network, hostKey: host, adminKey: admin.publicKey }));
    return payload([
      { path: "domain.xml", content: xml },
      { path: "seed.b64", content: seed, mode: 0o600 },
    ]);
  });
  return new local.Command(
    `${name}-domain`,
    {
      create: domainScript("up"),
      delete: domainScript("down"),
      interpreter: ["/bin/bash", "-c"],
      stdin: pulumi.secret(stdin),
      environment: {
        URI: uri,
        ...(hypervisor.sshHostKey ? { HOST_KEY: hypervisor.sshHostKey } : {}),
        NAME: guest,
        POOL: pool,
        POOL_DIR: hypervisor.poolDir ?? "",
        DISK_GIB: String(diskGiB),
        IMAGE_DIR: image.dir,
        IMAGE: hypervisor.readsStore ? "" : `golden-${image.key}`,
        ...(hypervisor.boot ? { BOOT: hypervisor.boot } : {}),
      },
      // A newer golden image is for new nodes: a running one is never thrown away for it.
      triggers: [uri, address, diskGiB],
    },
    opts,
  );
}

/** Makes or removes a guest. */
export function domainScript(which: "up" | "down"): string {
  return script("node/scripts/virsh.sh") + script(`node/scripts/domain-${which}.sh`);
}

function withoutComment(publicKey: string): string {
  return publicKey.split(" ").slice(0, 2).join(" ");
}
