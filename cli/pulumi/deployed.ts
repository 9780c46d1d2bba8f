import type { Stack } from "../../stacks/stack";
import { existingStacks, pulumiOutput } from "./pulumi";

/** What a state says of an environment without its secrets. */
export interface Deployed {
  /** As the last `up` had it; of an older version it may lack what is new. */
  stack: Stack;
  /** PEM of the authorities that people and nodes are told to trust, by the name of what they sign for. */
  certificates: Record<string, string>;
}

/** From the state, whose platform has the stack that was deployed as its inputs; undefined where there is none yet. */
export async function deployed(stack: string): Promise<Deployed | undefined> {
  if (!(await existingStacks()).includes(stack)) return undefined;
  return readDeployed(await pulumiOutput(["stack", "export", "--stack", stack]));
}

/** @param exported what `pulumi stack export` prints */
export function readDeployed(exported: string): Deployed | undefined {
  const { deployment } = JSON.parse(exported) as {
    deployment?: { resources?: { type: string; inputs?: unknown; outputs?: Record<string, { caPem?: unknown }> }[] };
  };
  const found = (type: string) => deployment?.resources?.find((resource) => resource.type === type);
  const platform = found("grunnmur:platform:Platform")?.inputs;
  if (!platform) return undefined;
  const outputs = found("pulumi:pulumi:Stack")?.outputs ?? {};
  const certificates = Object.entries(outputs).flatMap(([name, output]): [string, string][] =>
    typeof output?.caPem === "string" && output.caPem.startsWith("-----BEGIN")
      ? [[`the ${name}'s authority`, output.caPem]]
      : [],
  );
  return { stack: platform as Stack, certificates: Object.fromEntries(certificates) };
}
