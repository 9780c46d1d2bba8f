import { existsSync } from "node:fs";
import { join } from "node:path";
import { isWithin } from "./paths";
import type { Built, Reader, Root } from "./reader";

type Fields = Record<string, unknown>;

/** A build with what was asked for. */
export interface Done extends Built {
  root: Root;
  /** The builds that hold the agent's Kustomization of it; empty where a manifest does, or nobody. */
  from: Set<Done>;
}

interface Asked {
  /** Of the repository, absolute. */
  root: string;
  /** What is asked about, absolute. */
  path: string;
  reader: Reader;
  /** A directory for what was built. */
  cache?: string;
}

/**
 * Builds kustomizations that no other one takes in, and then, as long as there are more, the directories that the agent's
 * own Kustomizations name in what was built and in other manifests. What the agent applies with its settings is not
 * applied without them, so a build that another one stands for is left out.
 * @param kustomizations file by directory
 * @param written manifests that no kustomization's directory holds, by file
 */
export function buildAll(
  asked: Asked,
  kustomizations: ReadonlyMap<string, string>,
  written: ReadonlyMap<string, readonly unknown[]>,
): Done[] {
  const plain = [...kustomizations.keys()].map((directory) => ({ directory, from: new Set<Done>() }));
  const all = build(asked, plain);
  const known = new Map<string, Wanted>();
  const built = new Set(all.flatMap(({ files }) => files.map((file) => join(asked.root, file))));
  for (const [file, values] of written) {
    // What a build took in is told by the build, as that changed it.
    if (!built.has(file)) for (const value of values) want(asked, known, value, undefined);
  }
  let next = [...all];
  do {
    for (const one of next) for (const { object } of one.objects ?? []) want(asked, known, object, one);
    const wanted = [...known.values()].filter(({ done }) => !done);
    for (const one of wanted) one.done = true;
    next = build(asked, wanted);
    all.push(...next);
  } while (next.length > 0);
  return withoutStoodFor(asked, all, kustomizations);
}

/** A root that is to be built; `from` grows as long as others are found to hold it. */
interface Wanted extends Root {
  from: Set<Done>;
  done?: boolean;
}

function want({ root, path: given }: Asked, known: Map<string, Wanted>, value: unknown, from: Done | undefined): void {
  if (!isFluxKustomization(value)) return;
  const { path = ".", sourceRef } = value.spec;
  if (sourceRef?.kind !== "GitRepository" || typeof path !== "string") return;
  const directory = join(root, path);
  // A Kustomization of another repository, or of another part of this one.
  if (!isWithin(given, directory) || !existsSync(directory)) return;
  const key = JSON.stringify(value.spec);
  const one = known.get(key) ?? { directory, flux: value, from: new Set<Done>() };
  known.set(key, one);
  if (from) one.from.add(from);
}

function build({ root, reader, cache }: Asked, wanted: readonly Wanted[]): Done[] {
  if (wanted.length === 0) return [];
  const roots = wanted.map(({ directory, flux }) => ({ directory, ...(flux && { flux }) }));
  const { builds } = reader.build({ root, roots, ...(cache !== undefined && { cache }) });
  return builds.flatMap((built, index) => {
    const one = wanted[index];
    const asked = roots[index];
    return one && asked ? [{ ...built, root: asked, from: one.from }] : [];
  });
}

function withoutStoodFor({ root }: Asked, all: readonly Done[], kustomizations: ReadonlyMap<string, string>): Done[] {
  const byAgent = all.filter((one) => one.root.flux);
  const covered = new Set(byAgent.flatMap(({ files }) => files.map((file) => join(root, file))));
  const isPlain = (one: Done) => !one.root.flux;
  const left = new Set(all.filter((one) => isPlain(one) && covered.has(kustomizations.get(one.root.directory) ?? "")));
  // Of one directory with two sets of settings, those count that stand in something that is applied.
  const holds = ({ from }: Done) => from.size === 0 || [...from].some((one) => !left.has(one));
  const held = new Set(byAgent.filter(holds).map((one) => one.root.directory));
  return all.filter((one) => !left.has(one) && (isPlain(one) || holds(one) || !held.has(one.root.directory)));
}

function isFluxKustomization(
  value: unknown,
): value is Fields & { spec: Fields & { sourceRef?: { kind?: unknown } | null } } {
  if (value === null || typeof value !== "object") return false;
  const { apiVersion, kind, spec } = value as Fields;
  if (kind !== "Kustomization" || spec === null || typeof spec !== "object") return false;
  return typeof apiVersion === "string" && apiVersion.startsWith("kustomize.toolkit.fluxcd.io/");
}
