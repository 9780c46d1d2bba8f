import type { ASTNode } from "@marcbachmann/cel-js";
import { compile } from "./compile";
import { children } from "./environment";
import { regex } from "./regex";

/**
 * The restricted profile: what means the same here and in the API server, and is cheap there.
 * A rule that passes uses only functions of one list, names it declares, constant regular expressions, and at most
 * two comprehensions inside each other.
 */

const MAX_COMPREHENSION_DEPTH = 2;

/** Methods and functions, by name, with the numbers of arguments allowed. */
const ALLOWED = new Map<string, readonly number[]>(
  Object.entries({
    // the language
    has: [1],
    all: [2],
    exists: [2],
    exists_one: [2],
    map: [2, 3],
    filter: [2],
    size: [0, 1],
    dyn: [1],
    int: [1],
    double: [1],
    string: [1],
    contains: [1, 2],
    startsWith: [1],
    endsWith: [1],
    matches: [1],
    // optionals
    hasValue: [0],
    value: [0],
    or: [1],
    orValue: [1],
    of: [1],
    none: [0],
    // strings
    lowerAscii: [0],
    upperAscii: [0],
    trim: [0],
    charAt: [1],
    indexOf: [1, 2],
    lastIndexOf: [1, 2],
    substring: [1, 2],
    split: [1, 2],
    replace: [2, 3],
    join: [0, 1],
    find: [1],
    findAll: [1, 2],
    // `format` is both a string's method and a namespace
    format: [1],
    named: [1],
    validate: [1],
    dns1123Label: [0],
    dns1123Subdomain: [0],
    dns1035Label: [0],
    qualifiedName: [0],
    labelValue: [0],
    uri: [0],
    uuid: [0],
    date: [0],
    datetime: [0],
    // quantities
    quantity: [1],
    isQuantity: [1],
    isInteger: [0],
    asInteger: [0],
    asApproximateFloat: [0],
    add: [1],
    sub: [1],
    compareTo: [1],
    isGreaterThan: [1],
    isLessThan: [1],
    // networks
    ip: [0, 1],
    isIP: [1],
    cidr: [1],
    isCIDR: [1],
    isCanonical: [1],
    family: [0],
    isUnspecified: [0],
    isLoopback: [0],
    isLinkLocalMulticast: [0],
    isLinkLocalUnicast: [0],
    isGlobalUnicast: [0],
    containsIP: [1],
    containsCIDR: [1],
    masked: [0],
    prefixLength: [0],
    // URLs
    url: [1],
    isURL: [1],
    getScheme: [0],
    getHost: [0],
    getHostname: [0],
    getPort: [0],
    getEscapedPath: [0],
    // lists and sets
    isSorted: [0],
    sum: [0],
    min: [0],
    max: [0],
    equivalent: [2],
    intersects: [2],
  }),
);

const MACROS = new Set(["all", "exists", "exists_one", "map", "filter"]);
const NAMESPACES = new Set(["optional", "format", "ip", "sets"]);
const REQUEST_FIELDS = new Set(["operation", "namespace", "name"]);

export interface LintOptions {
  /** Names that the expression may use beside `object`, `oldObject`, `request`, `namespaceObject`. */
  names: readonly string[];
  /** Names of variables allowed after `variables.`. */
  variables: readonly string[];
  /** Names of parameters allowed after `params.`. */
  params: readonly string[];
}

/** What is wrong with an expression, or nothing. Each fault says what is allowed instead. */
export function lint(text: string, options: LintOptions): string[] {
  let ast: ASTNode;
  try {
    ast = compile(text).ast;
  } catch (error) {
    return [(error as Error).message];
  }
  const scope: Scope = {
    names: new Set(["object", "oldObject", "request", "namespaceObject", "params", "variables", ...options.names]),
    depth: 0,
    options,
  };
  return visit(ast, scope);
}

interface Scope {
  names: ReadonlySet<string>;
  depth: number;
  options: LintOptions;
}

function visit(node: ASTNode, scope: Scope): string[] {
  switch (node.op) {
    case "id":
      return scope.names.has(node.args)
        ? []
        : [`${node.args} is not a name here; allowed: ${[...scope.names].join(", ")}`];
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

/** The name as it was written: compiling renames what we replace. */
const nameOf = (name: string): string => name.replace(/^k8s_/, "");

function field(owner: ASTNode, name: string, scope: Scope): string[] {
  if (owner.op !== "id") return [];
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
  return [...faults, ...pattern(name, args), ...args.flatMap((arg) => visit(arg, scope))];
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
