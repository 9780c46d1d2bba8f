import { type ASTNode, Environment } from "@marcbachmann/cel-js";
import { contains, equal } from "./equality";
import { registerFormat, registerNetwork, registerQuantity, registerStrings, registerUrl } from "./libraries";
import { registerLists } from "./lists";

/**
 * CEL with Kubernetes' libraries. Where the library's own function differs from Go's (JavaScript regular expressions,
 * UTF-16 positions, Unicode case), calls are renamed to ours after parsing: see `OVERRIDDEN`.
 */

/** Functions that this environment replaces, by name; the replacement is `k8s_` and the name. */
export const OVERRIDDEN = new Set([
  "matches",
  "lowerAscii",
  "upperAscii",
  "trim",
  "indexOf",
  "lastIndexOf",
  "substring",
  "split",
  "int",
]);

export const replacement = (name: string): string => `k8s_${name}`;

export function kubernetesEnvironment(): Environment {
  const env = new Environment({
    unlistedVariablesAreDyn: true,
    enableOptionalTypes: true,
    // Mixed literals need `dyn()` in Kubernetes; the lint says so, with a better message.
    homogeneousAggregateLiterals: false,
  });
  registerQuantity(env);
  registerNetwork(env);
  registerUrl(env);
  registerStrings(env);
  registerFormat(env);
  registerLists(env);
  return env;
}

type Evaluate = (ev: { run(node: ASTNode, ctx: unknown): unknown }, ast: ASTNode, ctx: unknown) => unknown;
type Binary = { args: [ASTNode, ASTNode] };

/** The library's own handlers look at the types of two operands first, and so miss an unknown inside a list. */
const binary =
  (decide: (a: unknown, b: unknown) => boolean): Evaluate =>
  (ev, ast, ctx) => {
    const [left, right] = (ast as unknown as Binary).args;
    return decide(ev.run(left, ctx), ev.run(right, ctx));
  };

const OPERATORS = new Map<string, Evaluate>([
  ["==", binary(equal)],
  ["!=", binary((a, b) => !equal(a, b))],
  ["in", binary(contains)],
]);

/** Puts this environment's functions and comparisons in place of the library's, below one node. */
export function useReplacements(node: ASTNode): void {
  if ((node.op === "call" || node.op === "rcall") && OVERRIDDEN.has(node.args[0])) {
    node.args[0] = replacement(node.args[0]);
  }
  const evaluate = OPERATORS.get(node.op);
  if (evaluate) (node as unknown as { setMeta(key: string, value: Evaluate): void }).setMeta("evaluate", evaluate);
  for (const child of children(node)) useReplacements(child);
}

/** The nodes directly below one, in reading order. */
export function children(node: ASTNode): ASTNode[] {
  switch (node.op) {
    case "value":
    case "id":
      return [];
    case ".":
    case ".?":
      return [node.args[0]];
    case "call":
      return node.args[1];
    case "rcall":
      return [node.args[1], ...node.args[2]];
    case "list":
      return node.args;
    case "map":
      return node.args.flat();
    case "!_":
    case "-_":
      return [node.args];
    default:
      return [...node.args];
  }
}
