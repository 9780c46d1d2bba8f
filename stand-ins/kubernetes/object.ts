import { isObject, type Properties, type Value } from "../shared/value";

/** A Kubernetes object as JSON: no secret marks, no unknown values. */
export interface KubeObject extends Properties {
  apiVersion: string;
  kind: string;
  metadata: Properties;
}

export function metadata(properties: Properties): Properties {
  return isObject(properties.metadata) ? properties.metadata : {};
}

/** A text in the object's metadata, or undefined. */
export function named(properties: Properties, field: "name" | "namespace" | "uid"): string | undefined {
  const value = metadata(properties)[field];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The value of an annotation such as `pulumi.com/skipAwait`, or undefined. */
export function annotation(properties: Properties, name: string): string | undefined {
  const { annotations } = metadata(properties);
  const value = isObject(annotations) ? annotations[`pulumi.com/${name}`] : undefined;
  return typeof value === "string" ? value : undefined;
}

/** The object without its nulls: to the API server they are values, to Pulumi they are absent. */
export function withoutNulls(value: Value): Value {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, entry]) => entry !== null)
      .map(([key, entry]) => [key, withoutNulls(entry)]),
  );
}

/** Follows keys into an object; undefined where the way ends. */
export function at(value: Value | undefined, ...path: string[]): Value | undefined {
  return path.reduce<Value | undefined>((part, key) => (isObject(part) ? part[key] : undefined), value);
}

export function count(value: Value | undefined, ...path: string[]): number {
  const found = at(value, ...path);
  return typeof found === "number" ? found : 0;
}

export function list(value: Value | undefined, ...path: string[]): Properties[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found.filter(isObject) : [];
}

/** A text or number as text; empty where there is none. */
export function words(value: Value | undefined, ...path: string[]): string {
  const found = at(value, ...path);
  return typeof found === "string" || typeof found === "number" ? String(found) : "";
}
