import { local, type types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { type SshKey, sshKey } from "../keys/ssh";
import { payload } from "../payload";
import { script } from "../script";
import { domainXml } from "./domain";
import type { Measured, Node, PreflightLimits, SiteNetwork } from "./node";
import { preflight } from "./preflight";
import { seedFiles } from "./seed";

/** Where a guest runs. */
export interface Hypervisor {
  name: string;
  /** libvirt's address. */
  uri: string;
  bridge: string;
  pool: string;
  /** Folder of the pool, which is made if missing; absent where the pool must exist already. */
  poolDir?: string;
  /** Absent: the hypervisor is another machine, and the golden image is uploaded to it. */
  readsStore: boolean;
  emulated: boolean;
  consoleLogDir: string;
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

export interface KvmNodeArgs {
  role: Node["role"];
  site: string;
  address: string;
  reach: string;
  cores: number;
  memoryMiB: number;
  diskGiB: number;
  network: SiteNetwork;
  hypervisor: Hypervisor;
  image: GoldenImage;
  limits: PreflightLimits;
  /** The platform's SSH key, which may log in as root; its private half is a secret. */
  adminKey: pulumi.Input<SshKey>;
}

/** A KVM guest that the program makes. */
export class KvmNode extends pulumi.ComponentResource implements Node {
  readonly name: string;
  readonly role: Node["role"];
  readonly site: string;
  readonly address: string;
  readonly reach: string;
  readonly hostKey: pulumi.Output<string>;
  readonly connection: types.input.remote.ConnectionArgs;
  readonly measured: pulumi.Output<Measured>;
  readonly ready: pulumi.CustomResource;

  constructor(name: string, args: KvmNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    const { adminKey, ...declared } = args;
    super("grunnmur:node:KvmNode", name, declared, opts);
    this.name = name;
    this.role = args.role;
    this.site = args.site;
    this.address = args.address;
    this.reach = args.reach;

    const seed = new random.RandomBytes(`${name}-identity`, { length: 32 }, { parent: this });
    const hostKey = seed.base64.apply((base64) => sshKey(base64, `host/${name}`));
    const domain = makeDomain(name, args, hostKey, { parent: this, deleteBeforeReplace: true, dependsOn: [seed] });

    this.hostKey = pulumi.unsecret(hostKey.apply((key) => withoutComment(key.publicKey)));
    this.connection = connect(args.reach, "root", pulumi.output(adminKey), this.hostKey);
    const { resource, measured } = preflight(
      `${name}-preflight`,
      { ...args, connection: this.connection, machine: domain.id },
      { parent: this, dependsOn: [domain] }, // a guest that is not started never answers
    );
    this.measured = measured;
    this.ready = resource;
    this.registerOutputs({ hostKey: this.hostKey, measured });
  }
}

/** SSH with the platform's key and a pinned host key; dialling goes on while the machine boots. */
export function connect(
  host: string,
  user: string,
  adminKey: pulumi.Output<SshKey>,
  hostKey: pulumi.Input<string>,
): types.input.remote.ConnectionArgs {
  return {
    host,
    user,
    hostKey,
    privateKey: pulumi.secret(adminKey.apply((key) => key.privateKey)),
    dialErrorLimit: 300,
    perDialTimeout: 20,
  };
}

function makeDomain(
  name: string,
  args: KvmNodeArgs,
  hostKey: pulumi.Output<SshKey>,
  opts: pulumi.CustomResourceOptions,
): local.Command {
  const { hypervisor, image, cores, memoryMiB, diskGiB, address, network } = args;
  const { uri, bridge, pool, emulated, consoleLogDir } = hypervisor;
  const xml = domainXml({ name, cores, memoryMiB, bridge, pool, emulated, consoleLog: `${consoleLogDir}/${name}.log` });
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
      create: script("node/scripts/domain-up.sh"),
      delete: script("node/scripts/domain-down.sh"),
      interpreter: ["/bin/bash", "-c"],
      stdin: pulumi.secret(stdin),
      environment: {
        URI: uri,
        NAME: name,
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

function withoutComment(publicKey: string): string {
  return publicKey.split(" ").slice(0, 2).join(" ");
}
