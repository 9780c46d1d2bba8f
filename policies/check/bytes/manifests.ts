import type { Random } from "./random";

/** Values of a manifest, as JSON has them. */
export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };

/** What YAML 1.1, YAML 1.2 and JSON do not all take for the same. */
const ODD: readonly Value[] = [
  "yes", "off", "y", "No", "0o17", "017", "0x1F", "1_000", "1e3", "12:30:45", "~", "null", "", " a ", "<<", "=", "a: b",
  "a #b", "# a", "- a", "'", '"', "%a", "@a", "`a`", "!a", "&a", "*a", "[a", "{a}", "{{ a }}", "a\nb\n", "a\n\n  b", "é",
  "\u0085", "a\u2028b", "\ufeff", "\ta", ".inf", "2001-01-01", "---", "...", "--- a", "100m", 0, -1, 1.5, 1e21, true, null,
]; // biome-ignore format: a line each would be fifty

/** One manifest to begin with; its mark makes it, and all objects in it, unlike those of any other. */
export function manifest(random: Random, mark: string): Value[] {
  const one = () => random.pick([pod, pod, deployment])(random, mark);
  switch (random.below(8)) {
    case 0:
      return [{ apiVersion: "v1", kind: "List", items: [one(), named(one(), `${mark}-b`)] }];
    case 1:
      return [{ apiVersion: "v1", kind: "PodList", items: [pod(random, mark), pod(random, `${mark}-b`)] }];
    case 2:
      return [one(), named(one(), `${mark}-b`)];
    case 3: {
      const inner = { apiVersion: "v1", kind: "List", items: [one()] };
      return [{ apiVersion: "v1", kind: "List", metadata: {}, items: [inner, named(one(), `${mark}-b`)] }];
    }
    default:
      return [one()];
  }
}

type Fields = { [key: string]: Value };

function pod(random: Random, mark: string): Fields {
  return { apiVersion: "v1", kind: "Pod", metadata: metadata(random, mark), spec: podSpec(random, mark) };
}

function deployment(random: Random, mark: string): Fields {
  const labels = { app: mark };
  const template = { metadata: { labels }, spec: podSpec(random, mark) };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: metadata(random, mark),
    spec: { replicas: random.below(4), selector: { matchLabels: labels }, template },
  };
}

function metadata(random: Random, name: string): Fields {
  const fields: Fields = { name, namespace: "shop" };
  if (random.chance(0.4)) fields.annotations = { note: String(random.pick(ODD)), [String(random.pick(ODD))]: "a" };
  return fields;
}

function podSpec(random: Random, mark: string): Fields {
  const containers: Fields[] = [{ name: "app", image: `registry.example.no/${mark}:1` }];
  const first = containers[0] as Fields;
  if (random.chance(0.5)) first.env = [{ name: "A", value: random.pick(ODD) }];
  if (random.chance(0.4)) first.args = [random.pick(ODD), random.pick(ODD)];
  if (random.chance(0.4)) first.securityContext = { privileged: random.pick<Value>([true, false, "yes"]) };
  if (random.chance(0.3)) containers.push({ name: "side", image: `docker.io/${mark}`, tty: random.chance(0.5) });
  return random.chance(0.3) ? { hostNetwork: true, containers } : { containers };
}

function named(object: Fields, name: string): Fields {
  return { ...object, metadata: { ...(object.metadata as Fields), name } };
}
