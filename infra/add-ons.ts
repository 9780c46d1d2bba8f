import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../components/cluster/cluster";
import {
  CertificateError,
  givenCertificate,
  ownCertificate,
  type ServedCertificate,
} from "../components/ingress/certificate";
import { Ingress } from "../components/ingress/ingress";
import { Metrics } from "../components/metrics/metrics";
import { Monitoring } from "../components/monitoring/monitoring";
import { mirrored } from "../components/registry/images";
import type { Registry } from "../components/registry/registry";
import { Storage } from "../components/storage/storage";
import type { Rotation } from "../lib/rotation";
import { preflightLimits } from "../stacks/preflight";
import type { Stack } from "../stacks/stack";
import * as artifacts from "./artifacts";

export interface AddOnArgs {
  stack: Stack;
  cluster: Cluster;
  registry: Registry;
  /** The environment's own; a secret. */
  seed: pulumi.Output<string>;
  /** The day from which its certificates count. */
  issuedAt: pulumi.Output<string>;
  /** How far the rotation of the authority for ingress.hosts is. */
  authorities: pulumi.Output<Rotation>;
  /** PEM of a certificate for ingress.hosts, and of its private key, where somebody else signed it; a secret. */
  ingressCertificate?: pulumi.Output<string>;
  /** When network policies are enforced: a pod made before would wait for its connections. */
  enforced: pulumi.Resource[];
  emulated: boolean;
  deletedWith: pulumi.Resource | undefined;
  parent: pulumi.Resource;
}

/** Where the environment is reached from outside. */
export interface WayIn {
  hosts: string[];
  /** Of the workers. */
  addresses: string[];
  /** The same, seen from the machine that runs the program. */
  reach: string[];
  /** PEM of the authorities to trust, two while they are rotated; undefined where the certificate is somebody else's. */
  caPem: pulumi.Output<string | undefined>;
  /** Whether an ACME server gives each host a certificate; until then each has the one that caPem vouches for. */
  acme: boolean;
}

/** What a cluster does without and a team may want, each only where the stack has it. */
export function makeAddOns(args: AddOnArgs): WayIn | undefined {
  const { stack } = args;
  if (stack.storage.enabled) makeStorage(args);
  if (stack.metrics.enabled) makeMetrics(args);
  // Where a merge request can be checked: Git on the registry's node runs no pipelines.
  if (stack.sync.gitHost.kind !== "registry-node") optionalImage(args.registry, "check", args.parent);
  return stack.ingress.hosts.length > 0 ? makeIngress(args) : undefined;
}

/** Volumes on the workers' disks. */
function makeStorage(args: AddOnArgs): void {
  const { stack } = args;
  new Storage(
    "storage",
    {
      ...common(args, "storage"),
      image: artifacts.ownImageRef("storage"),
      reclaimPolicy: stack.storage.reclaimPolicy,
      countries: workers(stack).map(({ site }) => site.country),
    },
    { parent: args.parent },
  );
}

function makeMetrics(args: AddOnArgs): void {
  const { cluster } = args;
  new Metrics(
    "metrics",
    {
      ...common(args, "metrics-server"),
      image: artifacts.imageRef("metrics-server"),
      certificate: cluster.serviceCertificate("metrics-server"),
      caPem: cluster.caPem,
    },
    { parent: args.parent },
  );
}

/**
 * What measures the platform, where the stack has it.
 * @param webhookToken a secret; undefined where there is none
 * @param known when the cluster has Flux's kinds and namespace
 */
export function makeMonitoring(
  args: AddOnArgs,
  webhookToken: pulumi.Output<string> | undefined,
  known: pulumi.Resource[],
): void {
  const { stack, registry } = args;
  if (!stack.monitoring.enabled) return;
  const { imageReady, ...rest } = common(args, "monitoring");
  const others = ["prometheus", "alertmanager", "node-exporter"].map((name) =>
    optionalImage(registry, name, args.parent),
  );
  new Monitoring(
    "monitoring",
    {
      ...rest,
      images: {
        prometheus: artifacts.imageRef("prometheus"),
        alertmanager: artifacts.imageRef("alertmanager"),
        nodeExporter: artifacts.imageRef("node-exporter"),
        monitoring: artifacts.ownImageRef("monitoring"),
      },
      imageReady: [...imageReady, ...others],
      known,
      registry,
      hosts: stack.ingress.hosts.map(({ name }) => name).filter((name) => !name.startsWith("*.")),
      controlPlanes: stack.nodes.filter(({ role }) => role === "control-plane").map(({ address }) => address),
      fsyncP99Milliseconds: preflightLimits(stack).fsyncP99Milliseconds,
      webhook: stack.monitoring.webhook && { ...stack.monitoring.webhook, token: webhookToken },
    },
    { parent: args.parent },
  );
}

function makeIngress(args: AddOnArgs): WayIn {
  const { stack, ingressCertificate, parent } = args;
  // As that of nodes, the order in a file says nothing.
  const hosts = [...stack.ingress.hosts].sort((a, b) => (a.name < b.name ? -1 : 1));
  const names = hosts.map(({ name }) => name);
  const certificate: pulumi.Output<ServedCertificate> = pulumi.secret(
    pulumi
      .all([args.seed, args.issuedAt, args.authorities, ingressCertificate])
      .apply(([seed, issuedAt, authorities, given]) =>
        given === undefined ? ownCertificate({ seed, issuedAt, authorities }, names) : givenCertificate(given, names),
      ),
  );
  const addresses = workers(stack).map(({ address }) => address);
  new Ingress(
    "ingress",
    {
      ...common(args, "ingress"),
      image: artifacts.ownImageRef("ingress"),
      hosts,
      addresses,
      podCidr: stack.network.podCidr,
      certificate,
      acme: stack.ingress.acme,
    },
    { parent },
  );
  return {
    hosts: names,
    addresses,
    reach: workers(stack).map(({ reach }) => reach),
    caPem: pulumi.unsecret(certificate.apply(({ caPem }) => caPem)),
    acme: stack.ingress.acme !== undefined,
  };
}

/**
 * Holds somebody else's certificate to what it has to be for, before anything is touched.
 * @param pem undefined where the secret is not set
 * @throws CertificateError
 */
export function requireCertificate(pem: string | undefined, { hosts, acme }: Stack["ingress"]): void {
  if (pem === undefined) return;
  if (acme)
    throw new CertificateError(
      "grunnmur:ingressCertificate is set, and ingress.acme asks an ACME server for certificates; allowed is one of the two. " +
        "Remove the first with: pulumi config rm grunnmur:ingressCertificate, or the second from the stack file",
    );
  givenCertificate(
    pem,
    hosts.map(({ name }) => name),
  );
}

const workers = ({ nodes }: Stack) => nodes.filter(({ role }) => role === "worker");

function common({ cluster, registry, enforced, emulated, deletedWith, parent }: AddOnArgs, name: string) {
  const imageReady = [optionalImage(registry, name, parent), ...enforced];
  return { provider: cluster.provider, imageReady, emulated, deletedWith };
}

/** Pushes an image that not every environment has. */
function optionalImage(registry: Registry, name: string, parent: pulumi.Resource): pulumi.Resource {
  const image = artifacts.optionalImage(name);
  // Where the store has none yet a preview does without, and would otherwise show what is deployed as deleted.
  const images = image ? [{ ...image, as: mirrored(image.ref) }] : [];
  return registry.push(`${name}-image`, images, { parent, dependsOn: [registry.ready] });
}
