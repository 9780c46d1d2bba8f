import type { ASTNode } from "@marcbachmann/cel-js";
import { compile } from "./compile";
import { children } from "./environment";
import { ALLOWED, MACROS, NAMESPACES, REQUEST_FIELDS } from "./profile";
import { regex } from "./regex";

/**
 * The restricted profile: what means the same here and in the API server, and is cheap there.
 * A rule that passes uses only functions of one list, names it declares, constant regular expressions, and at most
 * two comprehensions inside each other.
 */

const MAX_COMPREHENSION_DEPTH = 2;

export interface LintOptions {
  /** Names that the expression may use beside `object`, `oldObject`, `request`, `namespaceObject`. */
  names: readonly string[];
  /** Names of variables allowed after `variables.`. */
  variables: readonly string[];
  /** Names of parameters allowed after `params.`. */
  params: readonly string[];
  /** The text is a rule's `when`: the API server asks it before there are variables. */
  condition?: boolean;
}

/** What is wrong with an expression, or nothing. Each fault says what is allowed instead. */
export function lint(text: string, options: LintOptions): string[] {
  let ast: ASTNode;
  try {
    ast = compile(text).ast;
  } catch (error) {
    return [(error as Error).message];
  }
  const names = new Set(["object", "oldObject", "request", "namespaceObject", "params", ...options.names]);
  if (!options.condition) names.add("variables");
  return visit(ast, { names, depth: 0, options });
}

interface Scope {
  names: ReadonlySet<string>;
  depth: number;
  options: LintOptions;
}

function visit(node: ASTNode, scope: Scope): string[] {
  switch (node.op) {
    case "id":
      return scope.names.has(node.args) ? [] : [stranger(node.args, scope)];
    case ".":
    case ".?":
      return [...field(node.args[0], node.args[1], scope), ...visit(node.args[0], scope)];
    case "call":
      return call(nameOf(node.args[0]), node.args[1], undefined, scope);
    case "rcall":
      return call(nameOf(node.args[0]), node.args[2], node.args[1], scope);
    case "list":
      return [...mixed(node.args, "list"), ...node.args.flatMap((item) => visit(item, scope))];
    case "map":
      return [
        ...mixed(
          node.args.map(([, value]) => value),
          "map",
        ),
        ...children(node).flatMap((child) => visit(child, scope)),
      ];
    default:
      return children(node).flatMap((child) => visit(child, scope));
  }
}

function stranger(name: string, { names, options }: Scope): string {
  const allowed = `allowed: ${[...names].join(", ")}`;
  if (name !== "variables" || !options.condition) return `${name} is not a name here; ${allowed}`;
  return `a condition has no variables, for the API server asks it first: write the expression out; ${allowed}`;
}

/** The name as it was written: compiling renames what we replace. */
const nameOf = (name: string): string => name.replace(/^k8s_/, "");

function field(owner: ASTNode, name: string, scope: Scope): string[] {
  // A name that is not one here is said to be so already.
  if (owner.op !== "id" || !scope.names.has(owner.args)) return [];
  const { variables, params } = scope.options;
  if (owner.args === "variables" && !variables.includes(name)) {
    return [`variables.${name} is not declared before; allowed: ${variables.join(", ") || "none"}`];
  }
  if (owner.args === "params" && !params.includes(name)) {
    return [`params.${name} is not declared; allowed: ${params.join(", ") || "none"}`];
  }
  if (owner.args === "request" && !REQUEST_FIELDS.has(name)) {
    return [`request.${name} is not known in every gate; allowed: ${[...REQUEST_FIELDS].join(", ")}`];
  }
  return [];
}

function call(name: string, args: ASTNode[], receiver: ASTNode | undefined, scope: Scope): string[] {
  const counts = ALLOWED.get(name);
  if (counts === undefined) return [`${name}() is outside the profile; allowed: ${[...ALLOWED.keys()].join(", ")}`];
  if (!counts.includes(args.length)) return [`${name}() takes ${counts.join(" or ")} arguments, ${args.length} given`];
  const namespace = receiver?.op === "id" && NAMESPACES.has(receiver.args) && !scope.names.has(receiver.args);
  const faults = receiver === undefined || namespace ? [] : visit(receiver, scope);
  if (receiver !== undefined && !namespace && MACROS.has(name))
    return [...faults, ...comprehension(args, receiver, scope)];
  return [...faults, ...pattern(name, args), ...presence(name, args), ...args.flatMap((arg) => visit(arg, scope))];
}

function comprehension(args: ASTNode[], over: ASTNode, scope: Scope): string[] {
  const [variable, ...bodies] = args;
  if (variable?.op !== "id") return ["a comprehension's first argument is a name"];
  // A list of one only gives a name to a value.
  const level = over.op === "list" && over.args.length === 1 ? 0 : 1;
  const inner = { ...scope, depth: scope.depth + level, names: new Set([...scope.names, variable.args]) };
  const deep = inner.depth > MAX_COMPREHENSION_DEPTH;
  return [
    ...(deep ? [`more than ${MAX_COMPREHENSION_DEPTH} comprehensions inside each other: costs grow with each`] : []),
    ...bodies.flatMap((body) => visit(body, inner)),
  ];
}

/** Only constant expressions: they are then known to compile, and the same, wherever they run. */
function pattern(name: string, args: ASTNode[]): string[] {
  if (!["matches", "find", "findAll"].includes(name)) return [];
  const first = args[0];
  if (first?.op !== "value" || typeof first.args !== "string") return [`${name}() wants a constant regular expression`];
  try {
    regex(first.args);
    return [];
  } catch (error) {
    return [`${name}(): ${JSON.stringify(first.args)} is not RE2: ${(error as Error).message}`];
  }
}

/** Our evaluator follows only fields from a name; anything else it calls an error, where the API server decides. */
function presence(name: string, args: ASTNode[]): string[] {
  if (name !== "has") return [];
  let root = args[0];
  const ends = root?.op === ".";
  while (root?.op === "." || root?.op === ".?") root = root.args[0];
  if (ends && root?.op === "id") return [];
  return [
    "has() wants fields from a name, such as has(object.spec.x); of dyn(), an index or a call, ask .?x.hasValue()",
  ];
}

/** Kubernetes refuses a literal with elements of several types, unless `dyn()` hides them. */
function mixed(items: readonly ASTNode[], what: string): string[] {
  const kinds = new Set(
    items.map((item) =>
      item.op === "value" ? typeof item.args : item.op === "list" || item.op === "map" ? item.op : "dyn",
    ),
  );
  kinds.delete("dyn");
  return kinds.size > 1 ? [`a ${what} literal mixes ${[...kinds].join(" and ")}: wrap its elements in dyn()`] : [];
}
