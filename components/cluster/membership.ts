import type { local, remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { isAtFirst } from "../../lib/rotation";
import type { Node } from "../node/node";
import { onNode } from "../node/on-node";
import { type File, onRoot } from "../payload";
import { mirrored } from "../registry/images";
import { script } from "../script";
import { joinToken, tokenSecret } from "./admission";
import { clusterConfiguration, kubeletSettings } from "./cluster-configuration";
import { type Access, fromHere, type Shared } from "./from-here";
import {
  apiEndpoint,
  initConfiguration,
  joinConfiguration,
  type KubeadmArgs,
  placeLabels,
  serverDir,
  upgradeConfiguration,
} from "./kubeadm";
import { discoveryKubeconfig } from "./kubeconfig";
import { etcdClientFiles, kubeletClient, pkiFiles, trustedByKubelet } from "./pki";
import { serverFiles } from "./server-files";

type Options = { parent: pulumi.Resource; dependsOn: pulumi.Resource[] };

/**
 * A node's files, flags and settings, always kept; and its membership, made once: a member that is given another input
 * keeps its settings and labels by it and does not join again.
 */
export function member(node: Node, args: KubeadmArgs, shared: pulumi.Output<Shared>, opts: Options): remote.Command {
  const isServer = node.role === "control-plane";
  const input = pulumi.all([shared, node.machine]).apply(([values, machine]): File[] => {
    const token = joinToken(values.seed, machine);
    return [
      { path: "settings.sh", content: script(`cluster/scripts/${isServer ? "server" : "worker"}.sh`) },
      { path: "kubelet.sh", content: script("cluster/scripts/kubelet.sh") },
      { path: "labels", content: `${placeLabels(node)}\n` },
      { path: "patience", content: `${args.pace.restartSeconds}\n` },
      { path: "trust.sh", content: script("cluster/scripts/trust.sh") },
      ...(isServer ? serverSettings(node, args, values) : workerSettings(args, values)),
      ...(isAtFirst(values.authorities)
        ? []
        : [{ path: "kubelet-client.pem", content: kubeletClient(values, node.name) }]),
      { path: "version", content: `${values.versions.kubernetes}\n` },
      { path: "join.sh", content: script("cluster/scripts/join.sh") },
      { path: "find-cluster.sh", content: script("cluster/scripts/find-cluster.sh") },
      { path: "join.yaml", content: joinConfiguration(args, node, token, isServer) },
      { path: "discovery.conf", content: discovery(values.caPem, token) },
      // A machine made anew is never the founder: its cluster is with the others, or lost, and not made a second time.
      ...(founderId(node.name, machine) === values.founder
        ? [{ path: "init.yaml", content: initConfiguration(args, node, token) }]
        : []),
      ...(isServer ? onMachine("authorities", pkiFiles(values, values.serviceAccountKeys)) : []),
    ];
  });
  return onNode(`${node.name}-member`, node, { script: "cluster/scripts/member.sh", input }, opts);
}

/** A worker has its authorities from whom it joined, and other ones from here. */
function workerSettings(args: KubeadmArgs, shared: Shared): File[] {
  const rotated = isAtFirst(shared.authorities) ? [] : [{ path: trustedByKubelet, content: shared.caPem }];
  return onRoot([own("kubelet.yaml", kubeletSettings(args)), ...rotated]);
}

function serverSettings(node: Node, args: KubeadmArgs, shared: Shared): File[] {
  const { versions } = shared;
  const peers = args.controlPlanes.filter((peer) => peer.name !== node.name).map(({ address }) => `${address}\n`);
  return [
    { path: "static-pods.sh", content: script("cluster/scripts/static-pods.sh") },
    { path: "version.sh", content: script("cluster/scripts/version.sh") },
    { path: "programs", content: `${mirrored("grunnmur/kubernetes")}\n` },
    { path: "coredns", content: versions.coredns ? `registry.k8s.io/coredns/coredns:${versions.coredns}\n` : "" },
    { path: "upgrade.yaml", content: upgradeConfiguration(args, versions.kubernetes) },
    ...onRoot([
      ...serverFiles(shared, shared, args.pace),
      own("local.yaml", initConfiguration(args, node)),
      own("cluster.yaml", clusterConfiguration(args, versions, shared.authorities)),
      own("kubelet.yaml", kubeletSettings(args)),
      own("peers", peers.sort().join("")),
    ]),
  ];
}

const own = (path: string, content: string): File => ({ path: `${serverDir}/${path}`, content, mode: 0o600 });

const onMachine = (folder: string, files: File[]): File[] =>
  files.map((file) => ({ ...file, path: `${folder}${file.path}` }));

/**
 * The place of a machine in the cluster: made, it may join for a day. Deleted, before the machine is, its pods are moved, its
 * etcd member is taken out and its Node deleted, from a control plane that is another one: the machine may be dead.
 *
 * @param cluster what takes all members along when it is deleted
 */
export function place(node: Node, access: Access, cluster: pulumi.Resource, opts: Options): local.Command {
  const { name, address, role } = node;
  const input = pulumi
    .all([access.shared, node.machine])
    .apply(([values, machine]): File[] => [
      ...etcdClientFiles(values),
      { path: "token.yaml", content: tokenSecret(joinToken(values.seed, machine)), mode: 0o600 },
      ...(founderId(name, machine) === values.founder ? [{ path: "founder", content: "" }] : []),
    ]);
  return fromHere(
    `${name}-place`,
    access,
    {
      create: ["cluster/scripts/admit"],
      // Only who would be asked has changed, which is of use when it leaves.
      update: "nothing",
      delete: ["cluster/scripts/leaving", "cluster/scripts/leave"],
      input,
      environment: { NODE: name, ADDRESS: address, ROLE: role },
      triggers: [node.machine],
    },
    { ...opts, dependsOn: [node.ready, ...opts.dependsOn], deleteBeforeReplace: true, deletedWith: cluster },
  );
}

/** Nodes that are no longer among these are empty when this is done, before anything forgets the way to their pods. */
export function emptyOthers(name: string, nodes: Node[], access: Access, opts: Options): local.Command {
  const names = nodes.map((node) => node.name).sort();
  const parts = ["cluster/scripts/leaving", "cluster/scripts/empty-others"];
  return fromHere(
    name,
    access,
    {
      create: parts,
      update: parts,
      first: { FIRST: "yes" },
      input: [{ path: "nodes", content: names.map((node) => `${node}\n`).join("") }],
    },
    opts,
  );
}

/** Ends every token, once all machines are members. */
export function closeAdmission(name: string, nodes: Node[], access: Access, opts: Options): local.Command {
  const machines = pulumi.all(nodes.map((node) => node.machine)).apply((all) => [...all].sort().join(" "));
  return fromHere(name, access, { create: ["cluster/scripts/close-admission"], triggers: [machines] }, opts);
}

/** Has all Secrets lie under the key that is in use, once every API server knows it. */
export function rewriteSecrets(name: string, access: Access, opts: Options): local.Command {
  const parts = ["cluster/scripts/rewrite-secrets"];
  const KEY = access.shared.apply(({ encryption }) => `${encryption.used}`);
  return fromHere(name, access, { create: parts, update: parts, first: { FIRST: "yes" }, environment: { KEY } }, opts);
}

/** Has the system's own pods trust authorities that were added, once every node does. */
export function trustInPods(name: string, access: Access, opts: Options): local.Command {
  const parts = ["cluster/scripts/trust-in-pods"];
  const input = access.shared.apply(({ caPem }) => [{ path: "ca.crt", content: caPem }]);
  const NEWEST = access.shared.apply(({ authorities }) => `${Math.max(...authorities.accepted)}`);
  return fromHere(name, access, { create: parts, update: parts, input, environment: { NEWEST } }, opts);
}

export function founderId(name: string, machine: string): string {
  return `${name} ${machine}`;
}

/** Its name for the cluster is nobody's but this file's, so that the cluster's own can change without another join. */
function discovery(caPem: string, token: string): string {
  return discoveryKubeconfig({ servers: [{ name: "kubernetes", url: `https://${apiEndpoint}` }], caPem }, token);
}
