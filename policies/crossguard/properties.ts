import { readValues, type SecretValue, UNKNOWN_VALUES } from "./values";

/**
 * What @pulumi/policy hands to a policy is made so that reading an unknown value throws an error, and that error turns
 * the whole policy into a warning: it fails open. Secrets lose their mark besides. So properties are read here as the
 * engine sent them: once for each resource and not once for each policy, an `Unknown` where a value is not known yet,
 * and with the texts that are secret beside them. The version of @pulumi/policy is pinned; `properties.test.ts` fails
 * where a new one works in another way.
 */
export interface Properties {
  /** Plain data; assets and archives are `Unknown`. */
  values: Record<string, unknown>;
  /** What must not be shown. */
  secrets: readonly SecretValue[];
}

type Deserialize = (struct: Struct, proxySecrets: boolean) => Record<string, unknown>;
interface Struct {
  toJavaScript(): Record<string, unknown>;
}

// Internals of @pulumi/policy that its types leave out; the module itself, since one of its functions is replaced.
const internals = require("@pulumi/policy/deserialize") as { deserializeProperties: Deserialize };
const TARGET = "__getSpecialProxyTarget";
const known = new WeakMap<object, Properties>();

/** Puts our reading in place of @pulumi/policy's. @throws where its internals are not the ones that we know */
export function readPropertiesOnce(): void {
  const original = internals.deserializeProperties;
  if (typeof original !== "function" || !sameUnknowns()) {
    throw new Error("@pulumi/policy is not the version that these packs are for: run `npm ci`");
  }
  const read = new WeakMap<Struct, Record<string, unknown>>();
  internals.deserializeProperties = (struct, proxySecrets) => {
    // Remediation writes to what it gets, so that is its own each time.
    if (proxySecrets) return original(struct, true);
    let values = read.get(struct);
    if (values === undefined) {
      const secrets: SecretValue[] = [];
      values = readValues(struct.toJavaScript(), secrets) as Record<string, unknown>;
      read.set(struct, values);
      known.set(values, { values, secrets });
    }
    return values;
  };
}

/** Whether it writes unknown values as we read them. */
function sameUnknowns(): boolean {
  const theirs = Object.entries(require("@pulumi/policy/proxy") as Record<string, unknown>).flatMap(([name, value]) =>
    /^unknown\w+Value$/.test(name) ? [value] : [],
  );
  return theirs.length === UNKNOWN_VALUES.size && theirs.every((value) => UNKNOWN_VALUES.has(value));
}

/** The properties behind the `props` that a policy is called with. */
export function propertiesOf(props: Record<string, unknown>): Properties {
  const target = (props as { [TARGET]?: object })[TARGET] ?? props;
  const properties = known.get(target);
  if (properties === undefined) throw new Error("properties that were not read through readPropertiesOnce()");
  return properties;
}
