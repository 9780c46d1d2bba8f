import { createHash } from "node:crypto";
import { basename } from "node:path";
import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { virsh } from "../../lib/hypervisors/ask";
import type { SshKey } from "../keys/ssh";
import { paceOf } from "../pace";
import { payload } from "../payload";
import { onThisMachine, script } from "../script";
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
  /** The day of Debian's packages, ISO 8601: they are at least as new. */
  debian: string;
}

export interface KvmNodeArgs extends MachineArgs {
  diskGiB: number;
  /** Not of a control plane. Absent: the machine has no data disk. */
  dataDiskGiB?: number;
  network: SiteNetwork;
  hypervisor: Hypervisor;
  image: GoldenImage;
  /** Name of the stack, told to whoever finds the guest. */
  stack: string;
  /** The machine's own SSH host key; its private half is a secret. */
  hostKey: pulumi.Output<SshKey>;
  /** Identifies the state: guests and disks of another owner are left alone. No secret. */
  owner: pulumi.Input<string>;
  /**
   * The guests that run on the hypervisor; absent where nobody knows. One that is not among them is started, and a preview
   * says so.
   */
  running?: Set<string>;
  /** Depend on this guest's domain first, so that no two guests are restarted at once. */
  after?: pulumi.Resource;
  /** A disk that is made now is made from `image`, whatever the one before was made from. */
  anew?: boolean;
  /** Called around an update of the domain, which may restart the guest: the place for a drain and its end. */
  hooks?: pulumi.ResourceHookBinding;
}

/** A KVM guest that the program makes. */
export class KvmNode extends Machine {
  readonly made = true;
  /** What a restart is done by. */
  readonly domain: pulumi.Resource;
  /** What its disk was made from. */
  readonly image: pulumi.Output<{ key: string; debian?: string }>;

  constructor(name: string, args: KvmNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    const { hooks: _, after: __, running: ___, anew: ____, hostKey: key, ...declared } = args;
    super("grunnmur:node:KvmNode", name, declared, opts);
    const born = birth(name, args, this);
    this.image = born.apply(({ imageDir, debian }) => ({ key: basename(imageDir), ...(debian ? { debian } : {}) }));
    const disk = makeDisk(name, args, key, born, this);
    const dataDisk = makeDataDisk(name, args, disk, this);
    const domain = makeDomain(name, args, disk, dataDisk, this);
    this.domain = domain;
    this.reachAndMeasure(args, {
      sshUser: "root",
      hostKey: pulumi.unsecret(key.apply(({ publicKey }) => withoutComment(publicKey))),
      machine: disk.id,
      emulated: args.hypervisor.emulated,
      dependsOn: [domain], // a guest that is not started never answers
    });
  }
}

/** What a disk was made with for good. */
interface Birth {
  imageDir: string;
  image: string;
  /** Absent from what was made before it was kept. */
  debian?: string;
  network: Pick<SiteNetwork, "cidr" | "gateway" | "dnsServers">;
}

/**
 * Made with the disk and kept: a newer golden image, or another gateway, is for new disks, and is no change of those
 * that there are. Another machine has another name here, because a resource that ignores changes ignores them when it is
 * replaced too.
 */
function birth(name: string, args: KvmNodeArgs, parent: pulumi.Resource): pulumi.Output<Birth> {
  const { hypervisor, image, address, anew } = args;
  const { cidr, gateway, dnsServers } = args.network;
  const key = createHash("sha256").update([hypervisor.name, hypervisor.pool, address].join("\n")).digest("hex");
  const input: Birth = {
    imageDir: image.dir,
    image: hypervisor.readsStore ? "" : `golden-${image.key}`,
    debian: image.debian,
    network: { cidr, gateway, dnsServers },
  };
  const ignoreChanges = anew ? [] : ["input"];
  const kept = new pulumi.Stash(`${name}-birth-${key.slice(0, 8)}`, { input }, { parent, ignoreChanges });
  return kept.input as pulumi.Output<Birth>;
}

function makeDisk(
  name: string,
  args: KvmNodeArgs,
  hostKey: pulumi.Output<SshKey>,
  born: pulumi.Output<Birth>,
  parent: pulumi.Resource,
): local.Command {
  const { hypervisor, diskGiB, address } = args;
  const stdin = pulumi
    .all([hostKey, args.adminKey, born])
    .apply(([host, admin, { network }]) =>
      payload(seedFiles({ name, address, network, hostKey: host, adminKey: admin.publicKey })),
    );
  return new local.Command(
    `${name}-disk`,
    {
      create: guestScript("disk-up"),
      delete: guestScript("disk-down"),
      ...onThisMachine,
      stdin: pulumi.secret(stdin),
      environment: {
        ...onHypervisor(name, args),
        POOL_DIR: hypervisor.poolDir ?? "",
        DISK_GIB: String(diskGiB),
        STACK: args.stack,
        IMAGE_DIR: born.apply(({ imageDir }) => imageDir),
        IMAGE: born.apply(({ image }) => image),
      },
      // A changed address of libvirt, or user there, is the same hypervisor.
      triggers: [hypervisor.name, hypervisor.pool, address],
    },
    { parent, deleteBeforeReplace: true },
  );
}

/**
 * What outlives the machine. Only another hypervisor or pool makes it anew, where the system disk is made anew too, so that the
 * guest has ended by then.
 */
function makeDataDisk(
  name: string,
  args: KvmNodeArgs,
  disk: local.Command,
  parent: pulumi.Resource,
): local.Command | undefined {
  const { hypervisor, dataDiskGiB, role } = args;
  if (dataDiskGiB === undefined) return undefined;
  if (role === "control-plane") throw new Error(`${name} is a control plane, and nothing would lie on its data disk`);
  return new local.Command(
    `${name}-data`,
    {
      create: guestScript("data-disk-up"),
      delete: guestScript("data-disk-down"),
      ...onThisMachine,
      environment: { ...onHypervisor(name, args), DISK_GIB: String(dataDiskGiB), STACK: args.stack },
      triggers: [hypervisor.name, hypervisor.pool],
    },
    // The system disk's script makes the pool. And where both are replaced, the end of the guest comes with that disk's.
    { parent, deleteBeforeReplace: true, dependsOn: [disk] },
  );
}

function makeDomain(
  name: string,
  args: KvmNodeArgs,
  disk: local.Command,
  data: local.Command | undefined,
  parent: pulumi.Resource,
): local.Command {
  const { hypervisor, address, cores, memoryMiB, reach, after, hooks, role } = args;
  const { bridge, pool, emulated, consoleLogDir, guestPrefix } = hypervisor;
  const guest = `${guestPrefix}${name}`;
  const consoleLog = `${consoleLogDir}/${guest}.log`;
  const dataDisk = data && role !== "control-plane" ? role : undefined;
  const declared = { name: guest, address, cores, memoryMiB, bridge, pool, emulated, consoleLog, dataDisk };
  const stdin = pulumi.output(args.owner).apply((owner) => domainXml({ ...declared, owner }));
  return new local.Command(
    `${name}-domain`,
    {
      create: guestScript("domain-up"),
      delete: guestScript("domain-down"),
      ...onThisMachine,
      stdin,
      environment: {
        ...onHypervisor(name, args),
        REACH: reach,
        FOUND_OFF: new Date().toISOString(),
        PATIENCE: `${paceOf(emulated).restartSeconds}`,
        ...(hypervisor.boot ? { BOOT: hypervisor.boot } : {}),
      },
      triggers: [disk.id],
    },
    {
      parent,
      deleteBeforeReplace: true,
      ...(hooks ? { hooks } : {}),
      // The time of the look is a change only where the guest was found off.
      ignoreChanges: !args.running || args.running.has(guest) ? ["environment.FOUND_OFF"] : [],
      dependsOn: [
        ...(data ? [data] : []), // attached, and detached before it goes
        ...(after ? [after] : []), // an update may restart the guest: one at a time
      ],
    },
  );
}

function onHypervisor(name: string, { hypervisor, owner }: KvmNodeArgs) {
  return {
    URI: hypervisor.uri,
    ...(hypervisor.sshHostKey ? { HOST_KEY: hypervisor.sshHostKey } : {}),
    NAME: `${hypervisor.guestPrefix}${name}`,
    POOL: hypervisor.pool,
    OWNER: owner,
  };
}

/** Makes or removes a guest's disk or domain. */
export function guestScript(which: GuestScript): string {
  const parts = which.endsWith("disk-up") ? ["owner", "grow", which] : ["owner", which];
  return virsh() + parts.map((part) => script(`node/scripts/${part}.sh`)).join("");
}

export type GuestScript = `${"disk" | "data-disk" | "domain"}-${"up" | "down"}`;

function withoutComment(publicKey: string): string {
  return publicKey.split(" ").slice(0, 2).join(" ");
}
