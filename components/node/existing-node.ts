import type { types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { SshKey } from "../keys/ssh";
import { connect } from "./kvm-node";
import type { Measured, Node, PreflightLimits } from "./node";
import { preflight } from "./preflight";

export interface ExistingNodeArgs {
  role: Node["role"];
  site: string;
  address: string;
  reach: string;
  cores: number;
  memoryMiB: number;
  limits: PreflightLimits;
  /** Public host key, told by whoever runs the machine. */
  sshHostKey: string;
  sshUser: string;
  /** The platform's SSH key; its public half must be authorised on the machine. */
  adminKey: pulumi.Input<SshKey>;
}

/** A machine that exists already, such as a KVM server ordered from a provider; only its use is the program's. */
export class ExistingNode extends pulumi.ComponentResource implements Node {
  readonly name: string;
  readonly role: Node["role"];
  readonly site: string;
  readonly address: string;
  readonly reach: string;
  readonly hostKey: pulumi.Output<string>;
  readonly connection: types.input.remote.ConnectionArgs;
  readonly measured: pulumi.Output<Measured>;
  readonly ready: pulumi.CustomResource;

  constructor(name: string, args: ExistingNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    const { adminKey, ...declared } = args;
    super("grunnmur:node:ExistingNode", name, declared, opts);
    this.name = name;
    this.role = args.role;
    this.site = args.site;
    this.address = args.address;
    this.reach = args.reach;
    this.hostKey = pulumi.output(args.sshHostKey);
    this.connection = connect(args.reach, args.sshUser, pulumi.output(adminKey), args.sshHostKey);
    const { resource, measured } = preflight(
      `${name}-preflight`,
      { ...args, connection: this.connection, machine: args.sshHostKey },
      { parent: this },
    );
    this.measured = measured;
    this.ready = resource;
    this.registerOutputs({ hostKey: this.hostKey, measured });
  }
}
