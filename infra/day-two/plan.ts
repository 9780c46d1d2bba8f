import * as pulumi from "@pulumi/pulumi";
import type { Stack } from "../../stacks/stack";
import { Platform } from "../platform";

/** What the engine would do to a resource. */
export type Operation = "create" | "delete" | "replace" | "update";

export interface Step {
  type: string;
  name: string;
  operation: Operation;
}

interface Recorded {
  type: string;
  inputs: Record<string, unknown>;
  ignored: string[];
}

/**
 * What an `up` would do to turn one stack into another, from the program itself: both are built on mocks and their resources
 * compared as the engine and the plugins compare them. A resource that is replaced has another ID, which those that are
 * built on it see.
 *
 * @param anew names of resources that are replaced on purpose, as by `pulumi up --replace`
 */
export async function plan(deployed: Stack, wanted: Stack, anew: readonly string[] = []): Promise<Step[]> {
  const before = await asDeployed(deployed);
  const replaced = new Set(anew);
  for (;;) {
    const steps = compare(before, await resourcesOf(wanted, before, replaced));
    const more = steps.filter(({ name, operation }) => operation === "replace" && !replaced.has(name));
    if (more.length === 0) return steps;
    for (const { name } of more) replaced.add(name);
  }
}

/** Every row of the page begins with one of a few stacks. */
const deployments = new Map<string, Promise<Map<string, Recorded>>>();

function asDeployed(stack: Stack): Promise<Map<string, Recorded>> {
  const text = JSON.stringify(stack);
  const known = deployments.get(text) ?? resourcesOf(stack, new Map(), new Set());
  deployments.set(text, known);
  return known;
}

function compare(before: Map<string, Recorded>, after: Map<string, Recorded>): Step[] {
  const made = [...after].flatMap(([name, { type, inputs, ignored }]): Step[] => {
    const was = before.get(name);
    if (!was) return [{ type, name, operation: "create" }];
    const changed = Object.keys({ ...was.inputs, ...inputs }).filter(
      (key) => !ignored.includes(key) && text(was.inputs[key], key, ignored) !== text(inputs[key], key, ignored),
    );
    if (changed.length === 0) return [];
    return [{ type, name, operation: changed.some((key) => replaces(type, key)) ? "replace" : "update" }];
  });
  const gone = [...before].flatMap(([name, { type }]): Step[] =>
    after.has(name) ? [] : [{ type, name, operation: "delete" }],
  );
  return [...made, ...gone];
}

/** As the official plugins say of their inputs. */
function replaces(type: string, key: string): boolean {
  if (type.startsWith("command:")) return key === "triggers";
  if (type.startsWith("random:")) return true;
  if (type.endsWith(":StorageClass")) return ["provisioner", "reclaimPolicy", "volumeBindingMode"].includes(key);
  return type === "pulumi:providers:kubernetes" && key === "clusterIdentifier";
}

/** `ignored` may name one entry of an input, such as `environment.FOUND_OFF`. */
function text(value: unknown, key: string, ignored: string[]): string {
  const within = ignored.filter((path) => path.startsWith(`${key}.`)).map((path) => path.slice(key.length + 1));
  return JSON.stringify(value, (name, held) => (within.includes(name) ? undefined : held)) ?? "";
}

/** Custom resources of the stack by name, with stand-in values for what only a run knows. */
async function resourcesOf(
  stack: Stack,
  before: Map<string, Recorded>,
  replaced: ReadonlySet<string>,
): Promise<Map<string, Recorded>> {
  const made = new Map<string, Recorded>();
  const ignored = new Map<string, string[]>();
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs: declared, custom }) => {
        const old = before.get(name)?.inputs;
        const kept = (ignored.get(name) ?? []).filter((key) => old && key in old);
        // The engine puts the old value in the place of one whose change is ignored.
        const inputs = { ...declared, ...Object.fromEntries(kept.map((key) => [key, old?.[key]])) };
        // What runs in every `up` differs by the moment, which a preview ignores.
        if (/^# \d{4}-\d\d-\d\dT/.test(String(inputs.update))) inputs.update = "always";
        if (type.startsWith("command:") && declared.addPreviousOutputInEnv !== false) {
          throw new Error(`${name} would be given what its last run wrote: set addPreviousOutputInEnv to false`);
        }
        if (custom) made.set(name, { type, inputs, ignored: ignored.get(name) ?? [] });
        return {
          id: `${name}-id${replaced.has(name) ? "-anew" : ""}`,
          state: { ...inputs, ...outputsOf(type, name, inputs) },
        };
      },
      call: ({ token }) => {
        throw new Error(`the program calls ${token}`);
      },
    },
    "grunnmur",
    stack.name,
    false,
  );
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    ignored.set(request.getName(), request.getIgnorechangesList());
    return register(request, callback);
  };
  const platform = new Platform(stack, { gitHostToken: pulumi.secret("a token") });
  await new Promise((resolve) => pulumi.output(platform.agent.readOnly).apply(resolve));
  await pulumi.runtime.disconnect();
  return made;
}

interface Monitor {
  registerResource(
    request: { getName(): string; getIgnorechangesList(): string[] },
    callback: (error: unknown, response: unknown) => void,
  ): unknown;
}

/** What a resource wrote, where a run would have. */
export function outputsOf(type: string, name: string, inputs: Record<string, unknown>): Record<string, unknown> {
  if (type.startsWith("random:")) return { result: "0123456789abcdef".repeat(3).slice(0, Number(inputs.length)) };
  if (name === "first-day") return { stdout: "2026-01-01T00:00:00Z\n" };
  if (name.endsWith("-origin")) return { stdout: inputs.stdin };
  if (name.endsWith("-preflight")) return { stdout: '{"fsyncP99Milliseconds":1}' };
  if (name.endsWith("-proof")) return { stdout: "read-only\n" };
  return {};
}
