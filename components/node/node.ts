import type { types } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";

/** A machine of the environment, whoever made it: what the registry and the cluster build on. */
export interface Node {
  /** Host name. */
  name: string;
  role: "registry" | "control-plane" | "worker";
  /** The program made it, and so says who may log in. */
  made: boolean;
  /** Name of the site in which it stands. */
  site: string;
  /** ISO 3166 code of the country in which it stands. */
  country: string;
  /** IPv4 address on the site's network. */
  address: string;
  /** Address at which the machine that runs the program finds it. */
  reach: string;
  /** Public SSH host key, `ssh-ed25519 AAAA…`. */
  hostKey: pulumi.Output<string>;
  /** Whom SSH logs in as; one who is not root has sudo without a password. */
  sshUser: string;
  /** SSH as `sshUser`, host key pinned. */
  connection: types.input.remote.ConnectionArgs;
  /** Changes when the machine was made anew: what stands on it is then brought about again. */
  machine: pulumi.Input<string>;
  /** What the preflight measured. */
  measured: pulumi.Output<Measured>;
  /** Depend on this: the node answers and is fit for use. */
  ready: pulumi.CustomResource;
}

/** Figures of one preflight. */
export interface Measured {
  /** Time of one small append with fdatasync, 99th percentile. */
  fsyncP99Milliseconds: number;
  writeIops: number;
  /** Share of CPU time that the hypervisor gave to others. */
  stealPercent: number;
  memoryMiB: number;
  cores: number;
  /** Of a data disk that is in use; absent where there is none. */
  dataDiskGiB?: number;
}

/** What a node must hold to be trusted. */
export interface PreflightLimits {
  /** etcd's documentation asks for a 99th percentile under 10 ms. */
  fsyncP99Milliseconds: number;
  stealPercent: number;
  /** Waits for the end of the boot and writes ten times as much. */
  thorough: boolean;
}

/** The network that the nodes of one environment share. */
export interface SiteNetwork {
  /** Of the nodes, such as `10.20.0.0/24`. */
  cidr: string;
  gateway: string;
  /** A /24 of it belongs to each cluster node. */
  podCidr: string;
  serviceCidr: string;
  dnsServers: string[];
  ntpServers: string[];
}

/** What machines and pods may reach beyond the site, besides resolvers and time servers. */
export interface Egress {
  /** `observe` counts and logs what `enforce` refuses. */
  mode: "enforce" | "observe";
  destinations: EgressDestination[];
}

export interface EgressDestination {
  /** A name or an IPv4 address. */
  host: string;
  /** Ranges in which it answers; none: wherever its name leads. */
  addresses: string[];
  /** Such as `443/tcp`; none: all. */
  ports: string[];
}

/** A node as its neighbours see it. */
export interface Peer {
  name: string;
  role: Node["role"];
  address: string;
}
