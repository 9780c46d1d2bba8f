import type { Node, Stack } from "./stack";

/** One setting that differs, with the stacks around it. */
export interface Effect {
  setting: string;
  path: readonly string[];
  /** Undefined where it is new. */
  from: unknown;
  /** Undefined where it goes. */
  to: unknown;
  deployed: Stack;
  wanted: Stack;
}

type Says = string | ((change: Effect) => string | undefined);

const REGISTER = "Nothing on machines: it is what the register says.";
const STATEMENT = "No machine moves: it is what is said of the place, and rules are held to it.";
const PLACE =
  "No machine moves. Its nodes' labels say the new place, rules are held to it, and what runs there and asks for another country goes elsewhere.";
const RESTARTED = "Its guests are shut down and started again, one after the other; workers are drained first.";
const GROWS =
  "The disk grows while the guest runs; its file system fills it at the next look or boot. No data is touched.";

/**
 * What a change of a setting does on machines and to data. The first that fits holds. What deletes data, and what cannot be
 * done, `changes.ts` says besides.
 */
const EFFECTS: [setting: RegExp, says: Says][] = [
  [/^environment$/, "Nothing on machines: a disk is measured once, when the machine is new."],
  [/^locality\.profile$/, "Holds for what is admitted from now on; what runs is not judged again."],
  [
    /^locality\.egress$/,
    ({ to }) =>
      to === "observe"
        ? "Nodes count and log what they refused before. Nothing that is connected notices."
        : "Nodes refuse what is not declared, also what is connected already.",
  ],
  [/^network\.dnsServers$/, "`/etc/resolv.conf` of every node; pods see it when they start anew."],
  [/^network\.ntpServers$/, "chrony of every node starts anew and asks them. An emptied list removes the file."],
  [/^network\.gateway$/, "The network of every node is reloaded."],
  [/^hypervisors\.[^.]+\.uri$/, "Its guests are looked for there, found to be this stack's own, and left running."],
  [/^hypervisors\.[^.]+\.(bridge|emulated)$/, RESTARTED],
  [/^hypervisors\.[^.]+\.storagePool$/, "Its guests are made anew, on empty disks of that pool."],
  [/^hypervisors\.[^.]+\.(cores|memoryMiB)$/, "Nothing on machines: it is what guests there may use in all."],
  [/^hypervisors\.[^.]+\.site$/, PLACE],
  [/^hypervisors\.[^.]+\.diskEncryption$/, STATEMENT],
  [/^nodes\.[^.]+$/, comesOrGoes],
  [/^nodes\.[^.]+\.(hypervisor|address)$/, madeAnew],
  [
    /^nodes\.[^.]+\.(cores|memoryMiB)$/,
    (change) => {
      if (isMadeAnew(change)) return undefined;
      return nodeOf(change)?.role === "worker"
        ? "It is drained, shut down, started with its new size, and takes pods again when its kubelet answers."
        : "It is shut down and started with its new size.";
    },
  ],
  [/^nodes\.[^.]+\.diskGiB$/, (change) => (isMadeAnew(change) ? undefined : GROWS)],
  [
    /^nodes\.[^.]+\.dataDiskGiB$/,
    ({ from }) =>
      from === undefined
        ? "The guest is shut down and started again with the disk, a worker drained first. The registry's node copies images and Git repositories there, and serves them from there."
        : GROWS,
  ],
  [
    /^registry\.host$/,
    "A certificate of the new name; nodes know it. Images in Git must follow at once, see [operating](operating.md).",
  ],
  [/^registry\.ciPrefix$/, "Holds for the next push. The proxy is reloaded, and cuts no connection."],
  [
    /^cluster\.driftGuard$/,
    ({ to }) =>
      to === "deny"
        ? "Who changes by hand what is in Git is refused from then on."
        : to === "warn"
          ? "Who changes by hand what is in Git is told where it stands, and no longer refused."
          : "Who changes by hand what is in Git is not told any more; the agent puts it back.",
  ],
  [/^cluster\.endpoint$/, "The kubeconfig that people export names it first. Nothing else changes."],
  [
    /^cluster\.virtualAddress$/,
    "One of the control planes takes it, or none has it any more; the kubeconfig that people export names it first.",
  ],
  [
    /^storage\.enabled$/,
    ({ to }) =>
      to === true
        ? "Claims are answered from then on, those too that were made before."
        : "Claims are no longer answered. Volumes stay, with what is on them.",
  ],
  [
    /^storage\.reclaimPolicy$/,
    ({ to, wanted }) => {
      if (!wanted.storage.enabled) return "Nothing: there is no storage.";
      const kept = "Those that there are keep their own policy.";
      return to === "Delete"
        ? `Volumes made from then on go with their claims. ${kept}`
        : `Volumes made from then on stay when their claims go. ${kept}`;
    },
  ],
  [
    /^ingress\.hosts\b/,
    ({ wanted }) =>
      wanted.ingress.hosts.length === 0
        ? "Nothing answers from outside. Ingress objects stay as they are, and with a name again they are served again."
        : "The certificate is made anew. On one worker after the other the next agent answers, and then the last one ends, with 15 seconds for what is under way there.",
  ],
  [
    /^ingress\.acme\b/,
    ({ wanted }) =>
      wanted.ingress.acme
        ? "Each name has the environment's own certificate until the ACME server gives one, which asks each name at port 80 of the workers for proof. Certificates and accounts of another server are not used any more."
        : "What the ACME server gave is deleted with its keys, and each name has the environment's own certificate at once.",
  ],
  [
    /^metrics\.enabled$/,
    ({ to }) =>
      to === true
        ? "`kubectl top` answers some minutes later. Off again, HorizontalPodAutoscalers stand still."
        : "`kubectl top` does not answer any more, and HorizontalPodAutoscalers stand still.",
  ],
  [
    /^monitoring\.enabled$/,
    ({ to }) =>
      to === true
        ? "Measured from then on. Off again, what was measured is deleted."
        : "Nothing is measured any more, nobody is told, and what was measured is deleted.",
  ],
  [/^monitoring\.webhook\b/, "Alerts go there, those too that are firing already."],
  [
    /^sync\.(repository|branch|path)$/,
    "The agent applies the new source and deletes what only the old one had. `up` waits for the first sync of the new one.",
  ],
  [/^sync\.intervalSeconds$/, "The agent looks that often."],
  [/^sync\.driftSeconds$/, "The agent looks that often whether anything has drifted."],
  [/^sync\.hostKey$/, "The key is proven against that host before the agent uses it."],
  [
    /^sync\.gitHost\.kind$/,
    "The old host must still know the old token, or its deploy key is left there and said to be.",
  ],
  [/^sync\.gitHost\./, "The deploy key is removed from the old project, and registered at the new one."],
  [/^destinations\.[^.]+.*\.(country|legalBasis|agreement|expires)$/, REGISTER],
  [/^destinations\b/, "All nodes at once hold to it, also for what is connected already."],
  [/^(administration|backups)\b/, REGISTER],
];

/** @returns undefined where nothing is known of the setting alone */
export function effectOf(change: Effect): string | undefined {
  const says = EFFECTS.find(([setting]) => setting.test(change.setting))?.[1];
  return typeof says === "function" ? says(change) : says;
}

/** The node that a setting is of: as it shall be, or as it was where it goes. */
function nodeOf({ path, deployed, wanted }: Effect): Node | undefined {
  const named = ({ nodes }: Stack) => nodes.find(({ name }) => name === path[1]);
  return named(wanted) ?? named(deployed);
}

/** Its machine goes, and what is said of a running one does not hold. */
function isMadeAnew({ path: [, node], deployed, wanted }: Effect): boolean {
  const where = ({ nodes }: Stack) => {
    const found = nodes.find(({ name }) => name === node);
    return found && `${found.address} ${found.kind === "libvirt" ? found.hypervisor.name : ""}`;
  };
  return where(deployed) !== where(wanted);
}

function comesOrGoes(change: Effect): string | undefined {
  const role = nodeOf(change)?.role;
  // Its images and repositories are what matters, and a loss.
  if (role === "registry") return undefined;
  const worker = role === "worker";
  if (change.from === undefined) {
    return worker
      ? "It is made, measured and joins, with a token that is deleted afterwards. The others learn its name and routes."
      : "It joins, one control plane after the other, and etcd with it. Every node's way to the API knows it.";
  }
  return worker
    ? "It is drained while the others know the way to its pods, its Node is deleted, then its guest and disk. `up` stops where a disruption budget holds a pod back."
    : "It is drained and taken out of etcd through another, its Node is deleted, then its guest and disk. `up` stops where etcd would lose its majority.";
}

function madeAnew(change: Effect): string | undefined {
  const node = nodeOf(change);
  const worker = node?.role === "worker";
  if (change.path[2] === "hypervisor") {
    if (node?.role === "registry") return "The guest and its disks are deleted there, and made here, empty.";
    return `It is drained and leaves ${worker ? "" : "etcd and "}the cluster; the guest is destroyed there and made here with empty disks, and joins.`;
  }
  const keeps = node?.kind === "libvirt" && node.dataDiskGiB !== undefined;
  if (!worker)
    return keeps
      ? "The guest is made anew over its data disk, which stays, and finds there what it had."
      : "The guest is made anew with an empty disk.";
  return `It is drained and leaves the cluster; the guest is made anew ${keeps ? "over its data disk, which stays" : "with an empty disk"}, and joins.`;
}
