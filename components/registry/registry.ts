import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as ipaddr from "ipaddr.js";
import { purposeOf, type Rotation } from "../../lib/rotation";
import { type Certificate, certificateAuthority, halfYearOf, issue } from "../keys/certificates";
import { derivePassword } from "../keys/derive";
import { makeSeed } from "../keys/seed";
import { installFiles, type Unit } from "../node/install-files";
import type { Node } from "../node/node";
import { siteUnits } from "../node/site-files";
import type { File } from "../payload";
import { payload } from "../payload";
import { onThisMachine, script } from "../script";
import { basicAuth, type Credentials } from "./credentials";
import { distributionFiles } from "./distribution";
import { authorisingProxy, type RegistryUsers } from "./haproxy";
import { mirrored, type StoredImage } from "./images";

export interface RegistryArgs {
  /** The node it stands on; not a cluster node, so that the cluster can be made anew from it. */
  node: Node;
  /** Name by which images are pulled. */
  host: string;
  /** Repository path below which CI may push; empty: anywhere but below `mirror/`. */
  ciPrefix: string;
  /** Files of the node itself, such as its neighbours' names. */
  siteFiles: pulumi.Input<File[]>;
  /** Images to mirror before the cluster needs them. */
  systemImages: StoredImage[];
  /** Path of crane in the store. */
  crane: string;
  /** ISO 8601; certificates count from it. */
  issuedAt: pulumi.Input<string>;
  /** Of the accounts' passwords. */
  rotation: pulumi.Output<Rotation>;
}

/** What the rest of the environment needs to pull from the registry. */
export interface RegistryAccess {
  host: string;
  address: string;
  /** PEM of the platform's authority. */
  caPem: pulumi.Output<string>;
  /** Credentials that may pull only; a secret. */
  reader: pulumi.Output<Credentials>;
  /** Depend on this to pull system images. */
  ready: pulumi.Resource;
}

/** The private registry: CNCF Distribution behind an authorising proxy, with TLS from the platform's authority. */
export class Registry extends pulumi.ComponentResource implements RegistryAccess {
  readonly host: string;
  readonly address: string;
  /** Address at which the machine that runs the program finds it. */
  readonly reach: string;
  readonly caPem: pulumi.Output<string>;
  readonly reader: pulumi.Output<Credentials>;
  /** Credentials for CI; a secret. */
  readonly ci: pulumi.Output<Credentials>;
  readonly ready: pulumi.Resource;
  private readonly users: pulumi.Output<RegistryUsers>;
  private readonly crane: string;
  private readonly machine: pulumi.Input<string>;

  constructor(name: string, args: RegistryArgs, opts?: pulumi.ComponentResourceOptions) {
    const { node, host, ciPrefix } = args;
    super("grunnmur:registry:Registry", name, { host, ciPrefix, node: node.name, site: node.site }, opts);
    this.host = host;
    this.address = node.address;
    this.reach = node.reach;
    this.crane = args.crane;
    this.machine = node.machine;

    const seed = makeSeed(`${name}-seed`, this, { protect: true });
    this.users = pulumi.all([seed, args.rotation]).apply(([base64, { used }]) => usersOf(base64, used));
    this.reader = this.users.apply((users) => users.node);
    this.ci = this.users.apply((users) => users.ci);
    const authority = pulumi
      .all([seed, args.issuedAt])
      .apply(([base64, issuedAt]) => certificateAuthority(base64, "grunnmur registry CA", issuedAt));
    this.caPem = pulumi.unsecret(authority.apply((ca) => ca.certificate));

    const files = pulumi
      .all([seed, authority, args.issuedAt, args.rotation, args.siteFiles])
      .apply(([base64, ca, issuedAt, { accepted }, ofSite]) => [
        ...ofSite,
        ...distributionFiles(derivePassword(base64, "registry-http")),
        {
          path: "/etc/haproxy/haproxy.cfg",
          content: authorisingProxy(
            accepted.map((generation) => usersOf(base64, generation)),
            ciPrefix,
          ),
          mode: 0o600,
        },
        { path: "/etc/haproxy/registry.pem", content: serverPem(base64, ca, issuedAt, node, host), mode: 0o600 },
      ]);
    const service = installFiles(`${name}-service`, node, files, units, {
      parent: this,
      dependsOn: [node.ready], // only a node that passed its preflight is given work
    });
    this.ready = this.push(
      `${name}-system-images`,
      args.systemImages.map((image) => ({ ...image, as: mirrored(image.ref) })),
      { parent: this, dependsOn: [service] }, // nothing can be pushed before the service is up
    );
    this.registerOutputs({ host, address: this.address });
  }

  /** Pushes images of the store; `as` is the repository and tag without the registry's host. */
  push(name: string, images: (StoredImage & { as: string })[], opts: pulumi.CustomResourceOptions): local.Command {
    const endpoint = `${this.reach}:443`;
    const list = images.map(({ file, as, digest }) => `${file} ${as} ${digest}\n`).join("");
    const stdin = pulumi.all([this.users, this.caPem]).apply(([users, ca]) => {
      const auth = basicAuth(users.platform).replace("Basic ", "");
      return payload([
        { path: "config.json", content: JSON.stringify({ auths: { [endpoint]: { auth } } }), mode: 0o600 },
        { path: "ca.pem", content: ca },
        { path: "images", content: list },
      ]);
    });
    return new local.Command(
      name,
      {
        create: script("registry/scripts/push-images.sh"),
        ...onThisMachine,
        stdin: pulumi.secret(stdin),
        environment: { CRANE: this.crane, REGISTRY: endpoint },
        triggers: [this.machine], // one made anew is filled again
      },
      opts,
    );
  }
}

const units: Unit[] = [
  ...siteUnits,
  { name: "grunnmur-registry.service", watches: "/etc/grunnmur/registry" },
  { name: "haproxy.service", watches: "/etc/haproxy", reload: true },
];

function usersOf(seed: string, generation: number): RegistryUsers {
  const user = (username: string) => ({
    username,
    password: derivePassword(seed, purposeOf(`registry/${username}`, generation)),
  });
  return { node: user("node"), ci: user("ci"), platform: user("platform") };
}

function serverPem(seed: string, authority: Certificate, issuedAt: string, node: Node, host: string): string {
  const names = [...new Set([node.address, node.reach])];
  const leaf = issue(seed, authority, halfYearOf(issuedAt, new Date()), {
    commonName: host,
    usage: "server",
    dnsNames: [host, ...names.filter((name) => !ipaddr.isValid(name))],
    ipAddresses: names.filter((name) => ipaddr.isValid(name)),
    validDays: 730,
  });
  return `${leaf.certificate}${leaf.privateKey}`;
}
