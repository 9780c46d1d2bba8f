import { equal, isObject, type Properties, reveal, type Value } from "./value";

export type Path = (string | number)[];
export interface Change {
  path: Path;
  kind: "add" | "delete" | "update";
}

/** Every smallest place where two sets of properties differ. Blind to secret marks. */
export function compare(olds: Properties, news: Properties): Change[] {
  return compareObjects(olds, news, []);
}

function compareObjects(olds: Properties, news: Properties, path: Path): Change[] {
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])].sort();
  return keys.flatMap((key) => compareValues(olds[key], news[key], [...path, key]));
}

function compareValues(old: Value | undefined, now: Value | undefined, path: Path): Change[] {
  const before = old === undefined ? undefined : reveal(old);
  const after = now === undefined ? undefined : reveal(now);
  // Absent and null mean the same to Pulumi.
  if (before === undefined || before === null)
    return after === undefined || after === null ? [] : [{ path, kind: "add" }];
  if (after === undefined || after === null) return [{ path, kind: "delete" }];
  if (isObject(before) && isObject(after)) return compareObjects(before, after, path);
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) => compareValues(before[index], after[index], [...path, index])).flat();
  }
  return equal(before, after) ? [] : [{ path, kind: "update" }];
}

/** A path as the engine writes it: `spec.ports[0]["app.kubernetes.io/name"]`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(step)) return `${text}[${JSON.stringify(step)}]`;
    return text === "" ? step : `${text}.${step}`;
  }, "");
}
