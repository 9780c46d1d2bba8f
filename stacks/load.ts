import { checkProblems } from "./checks";
import { draft } from "./draft";
import { type Problem, StackError } from "./errors";
import { label } from "./fields";
import { readStackFile } from "./file";
import { type HypervisorConfig, type NodeConfig, SECRET_KEYS, stackSchema } from "./schema";
import { shapeProblems } from "./shape";
import { type Site, siteRegister } from "./sites";
import { type Hypervisor, loopbackTwin, type Node, type Stack } from "./stack";
import { nearest } from "./suggest";

const NAMESPACE = "grunnmur";

/**
 * Checks a stack's configuration and looks every name in it up.
 * @param raw the keys under `grunnmur:`, as `fromPulumi` or `fromStackFile` gives them
 * @throws StackError with every mistake there is
 */
export function parseStack(raw: unknown, stackName: string): Stack {
  const problems = allProblems(raw, stackName);
  if (problems.length > 0) throw new StackError(stackName, problems);
  const config = stackSchema.parse(raw);
  const sites = siteRegister(config.sites);
  const hypervisors = config.hypervisors.map((h): Hypervisor => ({ ...h, site: find(sites, h.site) }));
  const byName = new Map(hypervisors.map((h) => [h.name, h]));
  const { sites: _, ...rest } = config;
  return {
    ...rest,
    name: stackName,
    hypervisors,
    nodes: config.nodes.map((node) => resolve(node, byName, sites)),
    cluster: {
      ...config.cluster,
      name: config.cluster.name ?? stackName,
      emulationAllowed: config.cluster.emulationAllowed ?? config.environment === "development",
      driftGuard: config.cluster.driftGuard ?? (config.environment === "development" ? "warn" : "deny"),
    },
    storage: {
      ...config.storage,
      reclaimPolicy: config.storage.reclaimPolicy ?? (config.environment === "development" ? "Delete" : "Retain"),
    },
    metrics: { enabled: config.metrics.enabled ?? config.environment === "production" },
    sync: { ...config.sync, path: config.sync.path ?? `./clusters/${stackName}` },
  };
}

/** A key whose own value is wrong is not judged again together with others. */
function allProblems(raw: unknown, stackName: string): Problem[] {
  const shape = shapeProblems(raw);
  const wrong = new Set(shape.map(({ path }) => path));
  const checks = checkProblems(draft(stackSchema, raw) ?? {});
  return [...nameProblems(stackName), ...shape, ...checks.filter(({ path }) => !wrong.has(path))];
}

/** A stack's name becomes that of a network namespace, a cluster and a directory in Git. */
function nameProblems(stackName: string): Problem[] {
  const { success, error } = label().safeParse(stackName);
  if (success) return [];
  const message = `received the stack's name "${stackName}", allowed is ${error.issues[0]?.message}`;
  return [{ path: `Pulumi.${stackName}.yaml`, message, remedy: "Rename the file." }];
}

function resolve(
  node: NodeConfig,
  hypervisors: ReadonlyMap<string, Hypervisor>,
  sites: ReadonlyMap<string, Site>,
): Node {
  if (node.kind === "existing") return { ...node, site: find(sites, node.site), reach: node.sshHost ?? node.address };
  const hypervisor = find(hypervisors, node.hypervisor);
  return { ...node, hypervisor, site: hypervisor.site, reach: reachThrough(hypervisor.kind, node.address) };
}

function reachThrough(kind: HypervisorConfig["kind"], address: string): string {
  return kind === "local" ? loopbackTwin(address) : address;
}

function find<T>(register: ReadonlyMap<string, T>, name: string): T {
  const found = register.get(name);
  if (!found) throw new Error(`"${name}" is not known, which the checks should have refused`);
  return found;
}

/**
 * The raw configuration as a running program gets it, without its secrets: those never become part of a stack.
 * @param all `pulumi.runtime.allConfig()`: keys with their namespace, structured values as JSON text
 */
export function fromPulumi(all: Record<string, string>): Record<string, unknown> {
  const own = ownKeys(all).filter(([key]) => !SECRET_KEYS.includes(key));
  return Object.fromEntries(own.map(([key, value]) => [key, structured(value)]));
}

/**
 * The stack that a `Pulumi.<stack>.yaml` describes, for verbs that need a stack and no Pulumi.
 * @param text the file's content
 * @throws StackError with every mistake there is, each with its line
 */
export function parseStackFile(text: string, stackName: string): Stack {
  const { config, problems, lineOf } = readStackFile(text, NAMESPACE);
  if (config === undefined) throw new StackError(stackName, problems);
  const meant = misspeltNamespaces(config);
  const raw = ownEntries({ ...config, ...Object.fromEntries(meant.map(({ key, value }) => [key, value])) });
  const judged = allProblems(raw, stackName).map((each) => ({ ...each, line: lineOf(each.path) }));
  const misspelt = meant.map(({ problem, written }) => ({ ...problem, line: lineOf(written) }));
  const all = [...problems, ...misspelt, ...judged].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  if (all.length > 0) throw new StackError(stackName, all);
  return parseStack(raw, stackName);
}

/** Keys whose namespace is almost ours, which Pulumi would take for a provider's. */
function misspeltNamespaces(config: Record<string, unknown>) {
  return Object.entries(config).flatMap(([written, value]) => {
    const [namespace = "", name] = written.split(":");
    if (!name || namespace === NAMESPACE || !nearest(namespace, [NAMESPACE])) return [];
    const key = `${NAMESPACE}:${name}`;
    const message = `unknown namespace "${namespace}", allowed is ${NAMESPACE}`;
    return [{ written, key, value, problem: { path: written, message, remedy: `Write ${key}.` } }];
  });
}

/**
 * The raw configuration as `Pulumi.<stack>.yaml` holds it.
 * Encrypted secrets are left out. One in plain text stays in, so that `parseStack` refuses it.
 */
export function fromStackFile(text: string): Record<string, unknown> {
  return ownEntries(readStackFile(text, NAMESPACE).config ?? {});
}

function ownEntries(config: Record<string, unknown>): Record<string, unknown> {
  const own = ownKeys(config);
  return Object.fromEntries(own.filter(([key, value]) => !(SECRET_KEYS.includes(key) && isEncrypted(value))));
}

function ownKeys<T>(config: Record<string, T>): [string, T][] {
  return Object.entries(config).flatMap(([key, value]): [string, T][] => {
    const [, namespace = NAMESPACE, name] = /^(?:([^:]+):)?(.+)$/.exec(key) ?? [];
    return name && namespace === NAMESPACE ? [[name, value]] : [];
  });
}

/** Pulumi writes a secret as a section with its cipher text. */
function isEncrypted(value: unknown): boolean {
  return typeof value === "object" && value !== null && "secure" in value;
}

function structured(value: string): unknown {
  if (!/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
