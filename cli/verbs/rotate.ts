import { Argument, type Command } from "commander";
import { ensure } from "../../artifacts/store";
import { atWhomAnswers } from "../../lib/answering";
import { patienceHere } from "../../lib/machine";
import { isAtFirst, next, ROTATED, type Rotated, type Rotation, rotationOf } from "../../lib/rotation";
import type { Stack } from "../../stacks/stack";
import { artifactsFor } from "../here/preparation";
import { change } from "../pulumi/converge";
import { readOutputs, requireOutput } from "../pulumi/outputs";
import { readStack } from "../pulumi/stack-file";
import { removeStaleLocks } from "../pulumi/stale-lock";
import { madeFrom } from "../roll/made-from";
import { kubeApi } from "../status/kube-api";
import { formerTokens } from "../status/tokens";
import { formerTrust } from "../status/trust";
import { stackOption, verb, yesOption } from "../terminal/command";
import { say } from "../terminal/say";
import { confirm, requireSomebody } from "../terminal/unattended";
import { UserError } from "../terminal/user-error";

/** `rotate`: other credentials while the environment runs, new beside old, then the old out. */
export function rotateVerb(): Command {
  return verb("rotate", "change credentials on suspicion, while everything runs", [
    "rotate deploy-key",
    "rotate ca",
    "rotate ca --finish",
  ])
    .addOption(stackOption())
    .addOption(yesOption())
    .option("--finish", "the new one is in the hands of all who need it: take the old one no more")
    .addArgument(
      new Argument(
        "<what>",
        "registry: passwords of nodes, CI and the program; admin-ssh: the key to the nodes; deploy-key: the cluster's key to Git; etcd-encryption: the key under which Secrets lie in etcd; service-account-keys: by which the cluster knows its pods; sops: the key of the cluster for which Secrets in Git are encrypted; ca: the cluster's authorities, and all that they signed; ingress: the authority for the names that are answered from outside",
      ).choices(ROTATED),
    )
    .action(rotate);
}

interface Options {
  stack: string;
  yes?: boolean;
  finish?: boolean;
}

async function rotate(what: Rotated, { stack: name, yes, finish = false }: Options): Promise<void> {
  const stack = readStack(name);
  const outputs = await readOutputs(name);
  requireOutput(name, outputs, "nodes");
  if (what === "ingress" && !outputs?.ingress?.caPem)
    throw new UserError(
      `${name} has no authority of its own for the names that are answered from outside: it has no such names, or a certificate of somebody else's, of whom you ask for another.`,
    );
  const { rotations } = await madeFrom(name);
  const now = rotationOf(rotations, what);
  const steps = stepsOf(what, now, finish, outsiders(what, stack));
  requireSomebody(yes, `rotate ${what}`);
  if (!(await confirm(`Rotate ${what} of ${name}?`, yes))) throw new UserError("Nothing was rotated.");
  await ensure(artifactsFor(stack));
  await removeStaleLocks(name);
  for (const step of steps) {
    if (what === "ca" && begins(step, now)) await requireNewTrust(name);
    // Here, when the step before is done: an API server that it starts anew signed with the old key until then. Where this step
    // broke off some may take the old one no more, and waiting helps nobody.
    if (what === "service-account-keys" && step.accepted.length === 1 && step !== now)
      await requireNoFormerTokens(name);
    say(`${what}: ${inWords(step)}`);
    await change(name, { rotations: { ...rotations, [what]: step } }, `rotate ${what}`);
  }
  const last = steps.at(-1);
  say(last && last.accepted.length > 1 ? await outstanding(what, stack) : `${what} of ${name}: rotated.`);
}

/**
 * What has to be brought about, one after the other. It stops where somebody outside has to get the new credential before the old
 * one is taken no more: before its use where they let the program in, after it where they are let in.
 *
 * @throws UserError where there is nothing to finish, or nobody can have the new one
 */
export function stepsOf(what: Rotated, now: Rotation, finish: boolean, outside: Outsiders): Rotation[] {
  const underWay = now.accepted.length > 1;
  if (finish && isAtFirst(now))
    throw new UserError(`There is nothing to finish: ${what} was never rotated. ./grunnmur rotate ${what} begins.`);
  // The state may say that it is finished where the last step broke off: what is done already is found unchanged.
  if (finish && !underWay) return [now];
  if (finish && outside === "are let in" && now.used !== Math.max(...now.accepted))
    throw new UserError(`The new one is not in use yet: ./grunnmur rotate ${what}, without --finish, goes on with it.`);
  // A run that broke off may have said more to the state than it did.
  const steps = underWay ? [now] : [next(what, now)];
  while (true) {
    const last = steps.at(-1) ?? now;
    const newIsUsed = last.used === Math.max(...last.accepted);
    if (last.accepted.length === 1) return steps;
    if (!finish && outside === (newIsUsed ? "are let in" : "let in")) return steps;
    steps.push(next(what, last));
  }
}

/**
 * Whether the new one is used from this step on. Not where a run that broke off may have begun it: what pods were given is as old
 * as that by then.
 */
export const begins = (step: Rotation, now: Rotation): boolean => step.accepted.length > 1 && step.used !== now.used;

/** Who, that the program does not change, has one side of a credential. */
export type Outsiders = "are let in" | "let in" | "nobody";

function outsiders(what: Rotated, { nodes }: Stack): Outsiders {
  if (what === "registry" || what === "service-account-keys" || what === "sops") return "are let in";
  // Pods, or whoever visits, who have to trust the new one before anything shows it.
  if (what === "ca" || what === "ingress") return "let in";
  return what === "admin-ssh" && nodes.some(({ kind }) => kind === "existing") ? "let in" : "nobody";
}

function inWords({ used, accepted }: Rotation): string {
  const newest = Math.max(...accepted);
  if (accepted.length === 1) return "only the new one is taken";
  return used === newest ? "the new one is used" : "the new one is taken beside the old one";
}

/** @throws UserError where a pod may refuse what the new authorities sign */
async function requireNewTrust(stack: string): Promise<void> {
  const kubeconfig = requireOutput(stack, await readOutputs(stack), "kubeconfig");
  const pods = await formerTrust(kubeApi(await atWhomAnswers(kubeconfig), 20 * patienceHere()));
  if (pods.length === 0) return;
  throw new UserError(
    `These pods may ask the API and were started before they were given the new authorities: ${pods.join(", ")}.
Start them anew, such as by ./grunnmur kubectl rollout restart, and run this again. Old and new are trusted meanwhile.`,
  );
}

/** @throws UserError where something in the cluster may still be known by a former key alone */
async function requireNoFormerTokens(stack: string): Promise<void> {
  const kubeconfig = requireOutput(stack, await readOutputs(stack), "kubeconfig");
  const { until, secrets } = await formerTokens(kubeApi(await atWhomAnswers(kubeconfig), 20 * patienceHere()));
  const wrong = [
    ...(until.getTime() > Date.now()
      ? [`Until ${until.toISOString()} pods may have tokens that the old key signed: run this again then.`]
      : []),
    ...(secrets.length > 0
      ? [
          `These Secrets hold tokens without an end that the old key signed: delete them, and where they are not in Git make them anew: ${secrets.join(", ")}.`,
        ]
      : []),
  ];
  if (wrong.length > 0) throw new UserError([...wrong, "Both keys are taken meanwhile."].join("\n"));
}

/** What a person has to do before the rotation can end. */
async function outstanding(what: Rotated, { name, nodes }: Stack): Promise<string> {
  const then = `then: ./grunnmur rotate ${what} --stack ${name} --finish`;
  if (what === "registry") {
    return `Nodes use the new password. CI's is the output registryCi: give it to CI, ${then}. Until then the old one is taken too.`;
  }
  if (what === "service-account-keys") {
    return `Pods are given tokens of the new key within the hour, and those of the old one are taken until ${then.replace("then: ", "")}`;
  }
  if (what === "sops") {
    const key = requireOutput(name, await readOutputs(name), "sopsRecipient");
    return `The cluster decrypts with both keys. In Git: write ${key} in place of the old one into .sops.yaml, run ./grunnmur sops --stack ${name} updatekeys --yes FILE for each encrypted file, merge, ${then}. Who had the old key has read what it encrypts: change those passwords, too.`;
  }
  if (what === "ca") {
    return `Old and new authorities are trusted, the old ones sign. Start pods that ask the API anew (./grunnmur kubectl rollout restart …), ${then}, which names those that were not. Kubeconfigs that were handed out, and certificates that the cluster signed for people, end with it.`;
  }
  if (what === "ingress") {
    const caPem = "$(pulumi stack output ingress --json | jq -r .caPem)";
    return `The old authority signs. Have those who visit trust both, which are the output ingress.caPem (${caPem}), ${then}`;
  }
  const existing = nodes.filter(({ kind }) => kind === "existing").map((node) => node.name);
  const key = requireOutput(name, await readOutputs(name), "adminPublicKeys").at(-1);
  return `Let this key in on ${existing.join(", ")}, ${then}\n  ${key}`;
}
