import { parse } from "yaml";
import { checkProblems } from "./checks";
import { draft } from "./draft";
import { type Problem, StackError } from "./errors";
import { type HypervisorConfig, type NodeConfig, SECRET_KEYS, stackSchema } from "./schema";
import { shapeProblems } from "./shape";
import { type Site, siteRegister } from "./sites";
import { type Hypervisor, loopbackTwin, type Node, type Stack } from "./stack";

const NAMESPACE = "grunnmur";

/**
 * Checks a stack's configuration and looks every name in it up.
 * @param raw the keys under `grunnmur:`, as `fromPulumi` or `fromStackFile` gives them
 * @throws StackError with every mistake there is
 */
export function parseStack(raw: unknown, stackName: string): Stack {
  const problems = allProblems(raw);
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
      name: config.cluster.name ?? stackName,
      emulationAllowed: config.cluster.emulationAllowed ?? config.environment === "development",
    },
    sync: { ...config.sync, path: config.sync.path ?? `./clusters/${stackName}` },
  };
}

/** A key whose own value is wrong is not judged again together with others. */
function allProblems(raw: unknown): Problem[] {
  const shape = shapeProblems(raw);
  const wrong = new Set(shape.map(({ path }) => path));
  const checks = checkProblems(draft(stackSchema, raw) ?? {});
  return [...shape, ...checks.filter(({ path }) => !wrong.has(path))];
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
 * The raw configuration as `Pulumi.<stack>.yaml` holds it, for verbs that need a stack and no Pulumi.
 * Encrypted secrets are left out. One in plain text stays in, so that `parseStack` refuses it.
 * @param text the file's content
 */
export function fromStackFile(text: string): Record<string, unknown> {
  const file = parse(text) as { config?: Record<string, unknown> } | null;
  const own = ownKeys(file?.config ?? {});
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
