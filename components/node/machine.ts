import type { types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { SshKey } from "../keys/ssh";
import { paceOf } from "../pace";
import type { Measured, Node, PreflightLimits } from "./node";
import { preflight } from "./preflight";

export interface MachineArgs {
  role: Node["role"];
  /** Name of the site in which it stands. */
  site: string;
  /** ISO 3166 code of the country in which it stands. */
  country: string;
  /** IPv4 address on the site's network. */
  address: string;
  /** Address at which the machine that runs the program finds it. */
  reach: string;
  cores: number;
  memoryMiB: number;
  /** Of a guest. */
  diskGiB?: number;
  /** Of a guest that has one. */
  dataDiskGiB?: number;
  limits: PreflightLimits;
  /** The platform's SSH key, which may log in to every node; its private half is a secret. */
  adminKey: pulumi.Input<SshKey>;
}

/** How a machine is reached, once it is there. */
interface Access {
  sshUser: string;
  hostKey: pulumi.Output<string>;
  /** Changes when the machine was made anew, so that it is measured again. */
  machine: pulumi.Input<string>;
  emulated: boolean;
  dependsOn: pulumi.Resource[];
}

/** What a guest that is made and a machine that is found have in common: both end as a measured node. */
export abstract class Machine extends pulumi.ComponentResource implements Node {
  readonly name: string;
  readonly role: Node["role"];
  abstract readonly made: boolean;
  readonly site: string;
  readonly country: string;
  readonly address: string;
  readonly reach: string;
  sshUser!: string;
  hostKey!: pulumi.Output<string>;
  connection!: types.input.remote.ConnectionArgs;
  machine!: pulumi.Input<string>;
  measured!: pulumi.Output<Measured>;
  ready!: pulumi.CustomResource;

  protected constructor(type: string, name: string, args: MachineArgs, opts?: pulumi.ComponentResourceOptions) {
    const { adminKey: _, ...declared } = args;
    super(type, name, declared, opts);
    this.name = name;
    this.role = args.role;
    this.site = args.site;
    this.country = args.country;
    this.address = args.address;
    this.reach = args.reach;
  }

  /** Connects with a pinned host key and measures the machine; dialling goes on while it boots. */
  protected reachAndMeasure(args: MachineArgs, { sshUser, hostKey, machine, emulated, dependsOn }: Access): void {
    this.sshUser = sshUser;
    this.hostKey = hostKey;
    this.machine = machine;
    this.connection = {
      host: args.reach,
      user: sshUser,
      hostKey,
      privateKey: pulumi.secret(pulumi.output(args.adminKey).apply((key) => key.privateKey)),
      dialErrorLimit: 300,
      perDialTimeout: paceOf(emulated).dialSeconds,
    };
    const { memoryMiB, cores, diskGiB, dataDiskGiB, limits } = args;
    const { resource, measured } = preflight(
      `${this.name}-preflight`,
      { sshUser, connection: this.connection, machine, memoryMiB, cores, diskGiB, dataDiskGiB, limits },
      { parent: this, dependsOn },
    );
    this.measured = measured;
    this.ready = resource;
    this.registerOutputs({ hostKey, measured });
  }
}
