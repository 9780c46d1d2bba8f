import * as pulumi from "@pulumi/pulumi";
import { Machine, type MachineArgs } from "./machine";

export interface ExistingNodeArgs extends MachineArgs {
  /** Public host key, told by whoever runs the machine. */
  sshHostKey: string;
  sshUser: string;
}

/** A machine that exists already, such as a KVM server ordered from a provider; only its use is the program's. */
export class ExistingNode extends Machine {
  readonly made = false;

  constructor(name: string, args: ExistingNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("grunnmur:node:ExistingNode", name, args, opts);
    const { sshUser, sshHostKey } = args;
    this.reachAndMeasure(args, {
      sshUser,
      hostKey: pulumi.output(sshHostKey),
      machine: sshHostKey,
      emulated: false,
      dependsOn: [],
    });
  }
}
