import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { type File, payload } from "../payload";
import { onThisMachine, script } from "../script";
import type { Versions } from "./cluster-configuration";
import type { KubeadmArgs } from "./kubeadm";
import { kubeconfig, type Server } from "./kubeconfig";
import { adminCertificate, type Issuer } from "./pki";
import type { ServerKeys } from "./server-files";

/** What belongs to the cluster and not to one node. */
export interface Shared extends Issuer, ServerKeys {
  caPem: string;
  /** Name and machine of the one control plane that may make the cluster. */
  founder: string;
  versions: Versions;
}

/** How the machine that runs the program asks the cluster, at whichever control plane answers. */
export interface Access {
  /** Path of kubectl. */
  kubectl: string;
  args: Pick<KubeadmArgs, "controlPlanes" | "pace">;
  shared: pulumi.Output<Shared>;
}

/** Scripts by their paths below `components/` and without `.sh`; api.sh stands before them. */
export interface Asked {
  create: string[];
  /** `create` when absent. */
  update?: string[] | "nothing";
  delete?: string[];
  /** Files beside the kubeconfig. */
  input?: pulumi.Input<File[]>;
  /** What differs for the first run. */
  first?: Record<string, string>;
  environment?: Record<string, pulumi.Input<string>>;
  triggers?: pulumi.Input<unknown>[];
}

/** Brings a state of the cluster about, or takes it back, from the machine that runs the program. */
export function fromHere(
  name: string,
  { kubectl, args, shared }: Access,
  asked: Asked,
  opts: pulumi.CustomResourceOptions,
): local.Command {
  const { input = [], triggers, environment } = asked;
  const stdin = pulumi
    .all([shared, input])
    .apply(([values, files]) =>
      payload([...files, { path: "kubeconfig", content: everyServer(args.controlPlanes, values), mode: 0o600 }]),
    );
  const first = Object.entries(asked.first ?? {}).map(([key, value]) => `${key}=${value}\n`);
  return new local.Command(
    name,
    {
      create: `${first.join("")}${text(asked.create)}`,
      ...(asked.update ? { update: asked.update === "nothing" ? ":" : text(asked.update) } : {}),
      ...(asked.delete ? { delete: text(asked.delete) } : {}),
      ...onThisMachine,
      stdin: pulumi.secret(stdin),
      environment: {
        KUBECTL: kubectl,
        PATIENCE: `${args.pace.apiSeconds}`,
        DRAIN_SECONDS: `${args.pace.drainSeconds}`,
        ...environment,
      },
      ...(triggers ? { triggers } : {}),
    },
    opts,
  );
}

const text = (parts: string[]): string =>
  ["cluster/scripts/api", ...parts].map((part) => script(`${part}.sh`)).join("");

function everyServer(controlPlanes: KubeadmArgs["controlPlanes"], shared: Shared): string {
  return kubeconfig({ servers: serversOf(controlPlanes), caPem: shared.caPem }, adminCertificate(shared));
}

/** Whatever stands in front of the API servers and shows their certificate. @param endpoint a host or `host:port` */
export function serverAt(endpoint: string): Server {
  const port = endpoint.includes(":") ? "" : ":6443";
  // Each has this name in its certificate, so that another endpoint needs no other certificates.
  return { name: "endpoint", url: `https://${endpoint}${port}`, certifiedAs: "kubernetes" };
}

/** The API servers as the machine that runs the program finds them. @throws without any */
export function serversOf(controlPlanes: KubeadmArgs["controlPlanes"]): [Server, ...Server[]] {
  const [first, ...others] = controlPlanes.map(({ name, reach }) => ({ name, url: `https://${reach}:6443` }));
  if (!first) throw new Error("a cluster needs at least one control plane");
  return [first, ...others];
}
