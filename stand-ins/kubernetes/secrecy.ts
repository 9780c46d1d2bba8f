import { isObject, type Properties, Secret, type Value } from "../shared/value";

/** Marks as secret what was secret in the inputs, and the data of every Secret. */
export function sealed(live: Properties, inputs: Properties): Properties {
  const marked = sealLike(live, inputs) as Properties;
  return live.apiVersion === "v1" && live.kind === "Secret" ? sealData(marked) : marked;
}

/** The `data` and `stringData` of a Secret as one secret each. */
export function sealData(properties: Properties): Properties {
  const result = { ...properties };
  for (const field of ["data", "stringData"]) {
    const value = result[field];
    if (value !== undefined && value !== null && !(value instanceof Secret)) result[field] = new Secret(value);
  }
  return result;
}

function sealLike(live: Value, input: Value | undefined): Value {
  if (input instanceof Secret) return live instanceof Secret ? live : new Secret(live);
  if (isObject(live) && isObject(input)) {
    return Object.fromEntries(Object.entries(live).map(([key, value]) => [key, sealLike(value, input[key])]));
  }
  // The API server may put a list in another order, so one secret entry hides them all.
  if (Array.isArray(live)) return Array.isArray(input) && holdsSecret(input) ? new Secret(live) : live;
  return live;
}

function holdsSecret(value: Value): boolean {
  if (value instanceof Secret) return true;
  if (Array.isArray(value)) return value.some(holdsSecret);
  return isObject(value) && Object.values(value).some(holdsSecret);
}
