import { readFileSync } from "node:fs";
import { join } from "node:path";
import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Acceleration } from "../../lib/acceleration";
import { onThisMachine, script } from "../script";
import { forwarderConfig } from "./forwarder";
import type { Hypervisor } from "./kvm-node";
import type { Peer } from "./node";

export interface LocalHypervisorArgs {
  /** Names the network namespace: `grunnmur-<stack>`. */
  stack: string;
  /** Folder of the environment on this machine; removed whole on destroy. */
  environmentDir: string;
  /** Network of the guests, such as `10.20.0.0/24`. */
  cidr: string;
  /** Address of the bridge. */
  gateway: string;
  /** The guests, and where on this machine's loopback each is reached. */
  guests: (Peer & { reach: string })[];
}

/** This machine as a hypervisor: a network namespace with no way out, and a libvirt daemon inside it. */
export class LocalHypervisor extends pulumi.ComponentResource {
  readonly hypervisor: Hypervisor;
  /** Depend on this: the daemon answers. */
  readonly ready: pulumi.CustomResource;

  constructor(
    name: string,
    args: LocalHypervisorArgs,
    acceleration: Acceleration,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("grunnmur:node:LocalHypervisor", name, args, opts);
    const { stack, environmentDir, cidr, gateway } = args;
    // Namespace, daemon and guests are gone after a restart of the machine, which the state cannot see.
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    this.hypervisor = {
      name,
      uri: `qemu:///system?socket=${join(environmentDir, "libvirt/run/libvirt-sock")}`,
      bridge: "br0",
      pool: "grunnmur",
      poolDir: join(environmentDir, "disks"),
      readsStore: true,
      emulated: !acceleration.kvm,
      consoleLogDir: "/var/log/libvirt",
      guestPrefix: "", // the daemon is this environment's own
      boot,
    };
    this.ready = new local.Command(
      `${name}-host`,
      {
        create: script("node/scripts/local-hypervisor-up.sh"),
        delete: script("node/scripts/local-hypervisor-down.sh"),
        ...onThisMachine,
        stdin: forwarderConfig(`grunnmur-${stack}`, args.guests),
        environment: {
          STACK: stack,
          ENV_DIR: environmentDir,
          GATEWAY: `${gateway}/${cidr.split("/")[1]}`,
          BOOT: boot,
        },
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
