import { equal, isObject, type Properties, Secret, type Value } from "../shared/value";
import { metadata } from "./object";

// What the API server writes itself.
const serverFields = ["uid", "resourceVersion", "generation", "creationTimestamp", "selfLink", "managedFields"];

/** A live object as the state keeps it. `managedFields` is long and of no use there. */
export function pruned(live: Properties): Properties {
  const { managedFields: _, ...rest } = metadata(live);
  return { ...live, metadata: rest };
}

/**
 * The inputs as the cluster holds them now: the fields that the program set, with their live
 * values. Where they differ from the inputs, somebody else has changed the object.
 */
export function liveInputs(inputs: Properties, live: Properties): Properties {
  if (Object.keys(inputs).length === 0) return adopted(live);
  return Object.fromEntries(
    Object.entries(inputs)
      // `stringData` is never given back; its values are in `data`.
      .map(([key, value]) => [key, key === "stringData" ? value : project(value, live[key])] as const)
      .filter((entry): entry is [string, Value] => entry[1] !== undefined),
  );
}

function project(input: Value, live: Value | undefined): Value | undefined {
  if (input instanceof Secret) {
    const inner = project(input.value, live);
    return inner === undefined ? undefined : new Secret(inner);
  }
  if (live === undefined) return undefined;
  if (isObject(input) && isObject(live)) {
    return Object.fromEntries(
      Object.entries(input)
        .map(([key, value]) => [key, project(value, live[key])] as const)
        .filter((entry): entry is [string, Value] => entry[1] !== undefined),
    );
  }
  if (Array.isArray(input) && Array.isArray(live) && input.length === live.length) {
    return input.map((value, index) => project(value, live[index]) ?? null);
  }
  return equal(input, live) ? input : live;
}

/** The inputs of an object that is imported: all of it but what the server writes. */
function adopted(live: Properties): Properties {
  const { status: _, ...rest } = live;
  const kept = Object.entries(metadata(live)).filter(([key]) => !serverFields.includes(key));
  return { ...rest, metadata: Object.fromEntries(kept) };
}
