import { z } from "zod";
import { rotations } from "../../lib/rotation";
import { elsewhere } from "../here/namespace";
import { UserError } from "../terminal/user-error";
import { existingStacks, pulumiOutput, resourceCount } from "./pulumi";
import { pulumiIsHere } from "./pulumi-environment";
import { requireStackFile } from "./stack-file";

const node = z.object({
  name: z.string(),
  role: z.string(),
  site: z.string(),
  address: z.string(),
  /** Where the node answers, seen from this machine. */
  reach: z.string(),
  sshUser: z.string().optional(),
});

/** What the program exports (infra/index.ts). Fields that a half-built environment may lack are optional. */
const outputs = z.object({
  kubeconfig: z.string().optional(),
  nodes: z.array(node).optional(),
  registry: z
    .object({ host: z.string(), address: z.string(), reach: z.string().optional(), caPem: z.string().optional() })
    .optional(),
  /** Names that are answered for from outside, at which addresses, and at which seen from this machine. */
  ingress: z
    .object({
      hosts: z.array(z.string()),
      addresses: z.array(z.string()),
      reach: z.array(z.string()),
      caPem: z.string().optional(),
      acme: z.boolean().optional(),
    })
    .optional(),
  /** Whether Prometheus runs there. */
  monitoring: z.boolean().optional(),
  registryReader: z.object({ username: z.string(), password: z.string() }).optional(),
  sshKey: z.string().optional(),
  images: z.record(z.string(), z.object({ key: z.string(), debian: z.string().optional() })).optional(),
  hostKeys: z.record(z.string(), z.string()).optional(),
  /** What each node was found to have, by its name. */
  measured: z
    .record(
      z.string(),
      z.object({
        fsyncP99Milliseconds: z.number().optional(),
        writeIops: z.number().optional(),
        stealPercent: z.number().optional(),
        memoryMiB: z.number().optional(),
        cores: z.number().optional(),
        dataDiskGiB: z.number().optional(),
      }),
    )
    .optional(),
  personKey: z.string().optional(),
  sopsRecipient: z.string().optional(),
  sopsKeys: z.array(z.string()).optional(),
  deployKeyReadOnly: z.boolean().optional(),
  rotations: rotations.optional(),
  adminPublicKeys: z.array(z.string()).optional(),
});

export type Outputs = z.infer<typeof outputs>;
export type NodeOutput = z.infer<typeof node>;

/**
 * The environment's outputs with their secrets, in memory only; undefined where the environment was never created or
 * has been destroyed. An environment whose `up` has not come to its end has none or some of them.
 */
export async function readOutputs(stack: string): Promise<Outputs | undefined> {
  if (!(await pulumiIsHere()) || !(await existingStacks()).includes(stack)) {
    // A name that was mistyped is no environment that could be made.
    requireStackFile(stack);
    return undefined;
  }
  const text = await pulumiOutput(["stack", "output", "--stack", stack, "--json", "--show-secrets"]);
  const parsed = outputs.parse(JSON.parse(text));
  // Pulumi records outputs when the whole program has run: an `up` that failed has resources and no outputs.
  const empty = Object.values(parsed).every((value) => value === undefined);
  return empty && (await resourceCount(stack)) === 0 ? undefined : parsed;
}

/** An output that must be there. @throws UserError where the environment has not come that far */
export function requireOutput<K extends keyof Outputs>(stack: string, all: Outputs | undefined, key: K) {
  const value = all?.[key];
  if (value === undefined) {
    throw new UserError(
      `${stack} is not up${all ? ` that far: it has no ${key} yet` : ""}. Run ./grunnmur up --stack ${stack} first${all ? "" : elsewhere(stack)}`,
    );
  }
  return value as NonNullable<Outputs[K]>;
}
