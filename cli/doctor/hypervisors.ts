import { readFileSync } from "node:fs";
import { type Answer, askHypervisors } from "../../lib/hypervisors/ask";
import { repositoryPath } from "../../lib/places";
import type { RemoteHypervisor, Stack } from "../../stacks/stack";
import type { Check } from "./check";

const GIB = 2 ** 30;
/** A guest whose disk cannot grow is paused. Percent. */
const POOL_LEFT = { advice: 15, wrong: 5 };

/** The stack's hypervisors that are other machines; what this one has is told as `this machine`. */
const remotes = ({ hypervisors }: Stack): RemoteHypervisor[] =>
  hypervisors.filter((one): one is RemoteHypervisor => one.kind === "remote");

/** Asks each of them, all at once. */
export function askRemotes(stack: Stack): Map<string, Answer> {
  return askHypervisors(remotes(stack), readFileSync(repositoryPath("cli/doctor/scripts/hypervisor.sh"), "utf8"));
}

/** What hypervisors lack. @param up whether guests of the stack are there already, and so need no more memory */
export function ofHypervisors(stack: Stack, answers: ReadonlyMap<string, Answer>, up: boolean): Check[] {
  return remotes(stack).flatMap((one) => ofHypervisor(stack, one, answers.get(one.name), up));
}

function ofHypervisor(
  stack: Stack,
  { name, uri, storagePool, emulated }: RemoteHypervisor,
  answer: Answer | undefined,
  up: boolean,
): Check[] {
  const part = `hypervisor ${name}`;
  if (!answer || "silent" in answer)
    return [
      {
        ...{ part, state: "wrong", found: `does not answer: ${answer?.silent ?? "nothing was said"}` },
        expected: `libvirt at ${uri}, for the key of your ssh-agent, with the sshHostKey of the stack file`,
        remedy: `virsh -c ${uri} list`,
      },
    ];
  const said = answer.lines.map((line) => line.split(" "));
  const of = (what: string) => said.find(([first]) => first === what)?.slice(1) ?? [];
  const pool = said.find(([first, named]) => first === "pool" && named === storagePool);
  const [available, capacity] = [Number(pool?.[2]), Number(pool?.[3])];
  const left = (available * 100) / capacity;
  const kvm = of("kvm")[0] === "yes";
  const memory = Number(of("free-memory")[0]);
  const needed = stack.nodes
    .filter((node) => node.kind === "libvirt" && node.hypervisor.name === name)
    .reduce((sum, node) => sum + ("memoryMiB" in node ? node.memoryMiB : 0), 0);
  const faults: Check[] = [
    ...(kvm || emulated
      ? []
      : [
          {
            ...{ part, state: "wrong" as const, found: "offers no KVM" },
            expected: "KVM, since emulated is not true",
            remedy: "is virtualization on in its firmware, and kvm_intel or kvm_amd loaded? ls -l /dev/kvm there",
          },
        ]),
    ...(up || !(memory < needed)
      ? []
      : [
          {
            ...{ part, state: "wrong" as const, found: `${memory} MiB of memory free` },
            expected: `${needed} MiB for the guests of the stack file`,
            remedy: "free some there, or give its nodes less",
          },
        ]),
    ...(!pool
      ? [
          {
            ...{ part, state: "wrong" as const, found: `has no active storage pool "${storagePool}"` },
            expected: `one of that name; active are ${listed(said)}`,
            remedy: `virsh -c ${uri} pool-start ${storagePool}, or another storagePool in the stack file`,
          },
        ]
      : left < POOL_LEFT.advice
        ? [
            {
              ...{ part, state: left < POOL_LEFT.wrong ? ("wrong" as const) : ("advice" as const) },
              found: `${gib(available)} of ${gib(capacity)} GiB free in its pool ${storagePool}`,
              expected: `${POOL_LEFT.advice} %: a guest whose disk cannot grow is paused`,
              remedy: `virsh -c ${uri} vol-list --details ${storagePool} says what is in it`,
            },
          ]
        : []),
  ];
  if (faults.length > 0) return faults;
  const has = [
    kvm ? "KVM" : "no KVM, as declared",
    `${gib(available)} GiB free in its pool ${storagePool}`,
    `${memory} MiB of memory free`,
  ];
  return [{ part, state: "good", found: `answers: ${has.join(", ")}` }];
}

const gib = (bytes: number): string => (bytes / GIB).toFixed(0);

const listed = (said: string[][]): string =>
  said.flatMap(([first, name]) => (first === "pool" && name ? [name] : [])).join(", ") || "none";
