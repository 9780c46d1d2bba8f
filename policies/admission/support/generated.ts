import * as fc from "fast-check";
import { POD_SPEC_PATHS } from "../../engine/subject";
import type { Manifest } from "./client";

/**
 * Objects that nobody wrote: pod specs put together from odd but legal values, and examples of the rules with a few
 * fields dropped or taken over from other examples. Whatever rules there are, these come close to their edges.
 */
export function generatedObjects(examples: readonly Manifest[], count: number, seed: number): Manifest[] {
  const podHolders = examples.filter((object) => podSpecIn(object) !== undefined);
  const half = Math.ceil(count / 2);
  return [
    ...fc.sample(withPodSpec(podHolders), { numRuns: half, seed }),
    ...fc.sample(crossed(examples), { numRuns: count - half, seed }),
  ];
}

/** From small to large, so that a request is within its limit: the API server refuses anything else by itself. */
const SIZES: Readonly<Record<string, readonly (string | number)[]>> = {
  cpu: ["0", "1m", "100m", 0.5, "500m", "0.75", 1, "1", "2001m", "16", "17", "1e3"],
  memory: ["0", 1, "1e3", "100k", "64Mi", "128974848", "1000Mi", "1Gi", "1.5Gi", "1536Mi", "64Gi", "65Gi"],
  "ephemeral-storage": ["0", "1M", "1Mi", "64Mi", "1G", "1Gi", "20Gi", "100Gi"],
};

const images = [
  "nginx",
  "nginx:latest",
  "nginx:1.27",
  "reg:5000/nginx",
  "reg:5000/nginx:1",
  "reg.example.no/app:9f86d08",
  "reg.no.evil.com/app:1.0",
  `reg.example.no/app@sha256:${"0a".repeat(32)}`,
  `reg.example.no/app:latest@sha256:${"0a".repeat(32)}`,
  "localhost/app:1",
  "LOCALHOST:5000/app:1",
  "[::1]:5000/app:1",
];

/** Requests and limits, each perhaps absent. */
function resources(names: readonly string[]): fc.Arbitrary<Manifest> {
  const pair = fc.tuple(fc.nat(), fc.nat(), fc.constantFrom("both", "requests", "limits", "none"));
  return fc.tuple(...names.map(() => pair)).map((pairs) => {
    const found: Record<"requests" | "limits", Manifest> = { requests: {}, limits: {} };
    for (const [index, [a, b, which]] of pairs.entries()) {
      const name = names[index] ?? "";
      const sizes = SIZES[name] ?? [];
      const [small = 0, large = 0] = [a % sizes.length, b % sizes.length].sort((x, y) => x - y);
      if (which === "both" || which === "requests") found.requests[name] = sizes[small];
      if (which === "both" || which === "limits") found.limits[name] = sizes[large];
    }
    return found;
  });
}

function container(name: string): fc.Arbitrary<Manifest> {
  return fc.record(
    {
      name: fc.constant(name),
      image: fc.constantFrom(...images),
      resources: resources(["cpu", "memory", "ephemeral-storage"]),
      restartPolicy: name.startsWith("i") ? fc.constant("Always") : fc.constant(undefined),
    },
    { requiredKeys: ["name", "image"] },
  );
}

const containers = fc
  .tuple(container("a"), container("b"), fc.boolean())
  .map(([a, b, both]): Manifest => ({ containers: both ? [a, b] : [a] }));
const podSpec = fc.oneof(
  { weight: 3, arbitrary: containers },
  {
    weight: 2,
    arbitrary: fc.tuple(containers, container("i")).map(([spec, init]) => ({ ...spec, initContainers: [init] })),
  },
  // The API server wants the pod's requests to cover its containers', so that these ask for nothing.
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(...images), resources(["cpu", "memory"])).map(([image, whole]) => {
      return { containers: [{ name: "a", image }], resources: whole };
    }),
  },
);

function withPodSpec(holders: readonly Manifest[]): fc.Arbitrary<Manifest> {
  return fc.tuple(fc.constantFrom(...holders), podSpec).map(([holder, spec]) => {
    const object = structuredClone(holder);
    const path = POD_SPEC_PATHS.get(keyOf(object)) ?? [];
    const last = path.at(-1) ?? "";
    const owner = at(object, path.slice(0, -1)) as Manifest;
    const { restartPolicy } = owner[last] as Manifest;
    owner[last] = { ...structuredClone(spec), ...(restartPolicy !== undefined && { restartPolicy }) };
    return object;
  });
}

/** An example with up to three of its values dropped, or replaced by what another example has under the same key. */
function crossed(examples: readonly Manifest[]): fc.Arbitrary<Manifest> {
  const values = new Map<string, unknown[]>();
  for (const example of examples) {
    for (const { owner, key } of places(example)) values.set(key, [...(values.get(key) ?? []), owner[key]]);
  }
  const edit = fc.record({ place: fc.nat(), drop: fc.boolean(), value: fc.nat() });
  return fc
    .tuple(fc.constantFrom(...examples), fc.array(edit, { minLength: 1, maxLength: 3 }))
    .map(([example, edits]) => {
      const object = structuredClone(example);
      for (const { place, drop, value } of edits) {
        const all = places(object);
        const chosen = all[place % Math.max(1, all.length)];
        if (chosen === undefined) continue;
        const others = values.get(chosen.key) ?? [];
        if (drop) delete chosen.owner[chosen.key];
        else chosen.owner[chosen.key] = structuredClone(others[value % Math.max(1, others.length)]);
      }
      return object;
    });
}

/** Every value below `spec` and its like, not what makes the object findable. */
function places(object: Manifest): { owner: Manifest; key: string }[] {
  const found: { owner: Manifest; key: string }[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    else if (value !== null && typeof value === "object") {
      for (const [key, item] of Object.entries(value)) {
        found.push({ owner: value as Manifest, key });
        visit(item);
      }
    }
  };
  for (const [key, value] of Object.entries(object)) {
    if (!["apiVersion", "kind", "metadata"].includes(key)) visit(value);
  }
  return found;
}

const keyOf = ({ apiVersion, kind }: Manifest): string =>
  String(apiVersion).includes("/") ? `${String(apiVersion).split("/")[0]}/${kind}` : `/${kind}`;

function at(object: Manifest, path: readonly string[]): unknown {
  return path.reduce<unknown>((here, key) => (here as Manifest | undefined)?.[key], object);
}

function podSpecIn(object: Manifest): unknown {
  const path = POD_SPEC_PATHS.get(keyOf(object));
  return path && at(object, path);
}
