import * as pulumi from "@pulumi/pulumi";
import { CertificateError } from "../components/ingress/certificate";
import { KvmNode } from "../components/node/kvm-node";
import { runningGuests } from "../components/node/running";
import { firstAnswering } from "../lib/answering";
import { HANDED_OVER, parseRotations } from "../lib/rotation";
import { StackError } from "../stacks/errors";
import { fromPulumi, parseStack } from "../stacks/load";
import type { Stack } from "../stacks/stack";
import { requireCertificate } from "./add-ons";
import { kubectlPath } from "./artifacts";
import { consequencesHook } from "./consequences";
import { drainAround, kubectlWith, releaseEmptied } from "./drain";
import { Platform } from "./platform";

const config = new pulumi.Config("grunnmur");
const stack = checkedStack();
/** A review of what somebody proposes reaches nothing at the addresses that are proposed. */
const asksNobody = process.env.GRUNNMUR_ASK_NOBODY === "yes";
const platform = new Platform(
  stack,
  {
    gitHostToken: config.getSecret("gitHostToken"),
    ingressCertificate: config.getSecret("ingressCertificate"),
    webhookToken: config.getSecret("webhookToken"),
  },
  {
    before: { beforeUpdate: [consequencesHook()] },
    aroundRestart: (node, kubeconfig) => drainAround(node, async () => kubectlWith(kubectlPath(), await kubeconfig())),
    ...(asksNobody ? {} : { runningGuests, choose: firstAnswering }),
    // As ./grunnmur replace and upgrade hand them over.
    anew: new Set((process.env.GRUNNMUR_ANEW ?? "").split(",")),
    upgrade: process.env.GRUNNMUR_UPGRADE === "yes",
    ...(process.env[HANDED_OVER] ? { rotations: parseRotations(process.env[HANDED_OVER]) } : {}),
  },
);

// What waits for its pods would wait for ever where an earlier run ended while a node was empty.
if (!pulumi.runtime.isDryRun()) {
  pulumi.all([platform.cluster.kubeconfig, platform.cluster.provider.id]).apply(async ([kubeconfig]) => {
    try {
      const nodes = await releaseEmptied(kubectlWith(kubectlPath(), kubeconfig));
      for (const node of nodes)
        void pulumi.log.info(`${node} takes pods again: an earlier run emptied it and broke off.`);
    } catch (error) {
      void pulumi.log.warn(`Whether an earlier run left a node without pods was not seen: ${(error as Error).message}`);
    }
  });
}

/** For administration from this machine. */
export const kubeconfig = platform.cluster.administration;
export const registry = {
  host: platform.registry.host,
  address: platform.registry.address,
  reach: platform.registry.reach,
  caPem: platform.registry.caPem,
};
/** Credentials that may pull, and credentials that CI may push with. */
export const registryReader = pulumi.secret(platform.registry.reader);
export const registryCi = pulumi.secret(platform.registry.ci);
export const nodes = platform.nodes.map(({ name, role, site, address, reach, sshUser }) => ({
  name,
  role,
  site,
  address,
  reach,
  sshUser,
}));
export const hostKeys = Object.fromEntries(platform.nodes.map(({ name, hostKey }) => [name, hostKey]));
/** What each guest's disk was made from, by the node's name. */
export const images = Object.fromEntries(
  platform.nodes.flatMap((node) => (node instanceof KvmNode ? [[node.name, node.image]] : [])),
);
export const measured = Object.fromEntries(platform.nodes.map((node) => [node.name, node.measured]));
/** Private half of the key that may log in to the nodes. */
export const sshKey = pulumi.secret(platform.adminKey.apply((key) => key.privateKey));
/** Its public half: a machine of kind `existing` must let it in before `up`. A preview shows it. */
export const adminPublicKey = pulumi.unsecret(platform.adminKey.apply((key) => key.publicKey));
/** The names at which it answers from outside, where, and whom to trust for it; absent where there are none. */
export const ingress = platform.wayIn;
/** Whether Prometheus runs there. */
export const monitoring = stack.monitoring.enabled;
/** How far the rotation of each credential is that was ever rotated. */
export const rotations = platform.rotations;
/** Of all keys that may log in to the nodes: two while they are rotated, the newer one last. */
export const adminPublicKeys = platform.adminPublicKeys;
/** The cluster's key to Git: its public half, its private half, and whether the Git host proved it read-only. */
export const deployKey = platform.agent.deployKey;
export const deployKeyPrivate = pulumi.secret(platform.deployKey.apply((key) => key.privateKey));
export const deployKeyReadOnly = platform.agent.readOnly;
/** Whom Secrets in Git are encrypted for, and what decrypts them: two keys while they are rotated, the one in use first. */
export const sopsRecipient = pulumi.unsecret(platform.sopsKeys.apply((keys) => keys[0]?.recipient));
export const sopsKeys = pulumi.secret(platform.sopsKeys.apply((keys) => keys.map(({ identity }) => identity)));
/** Private half of the key with which a person pushes to the environment's own Git server. */
export const personKey = pulumi.secret(platform.personKey.apply((key) => key.privateKey));

/** Mistakes in the configuration are the user's to mend: told as they are, without the program's stack trace. */
function checkedStack(): Stack {
  try {
    const all = pulumi.runtime.allConfig();
    const found = parseStack(fromPulumi(all), pulumi.getStack());
    requireCertificate(all["grunnmur:ingressCertificate"], found.ingress);
    return found;
  } catch (error) {
    if (error instanceof StackError || error instanceof CertificateError) throw new pulumi.RunError(error.message);
    throw error;
  }
}
