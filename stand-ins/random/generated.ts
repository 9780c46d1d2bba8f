import { compare } from "../shared/diff";
import type { Checked, Resource } from "../shared/provider";
import { containsUnknown, type Properties, revealObject, Secret, unknown } from "../shared/value";

/** A value that is made once and then stands in the state alone. */
export interface Generator {
  /** Fills in defaults and says what is wrong. Inputs may hold unknown values. */
  check(inputs: Properties): Checked;
  generate(inputs: Properties): { id: string; outputs: Properties };
  /** The names of what `generate` makes. */
  outputs: string[];
  /** Which of them are secret. */
  secrets: string[];
}

/**
 * Every change of an input, `keepers` among them, makes a new value by replacing the resource. The official provider
 * leaves defaults out of the inputs that it keeps, so both sides are compared with them: a state that it made is no change.
 */
export function generated(generator: Generator): Resource {
  return {
    async check(news) {
      const { inputs, failures } = generator.check(news);
      return { inputs, failures };
    },
    diff: (old, news) => ({
      changes: compare(given(generator.check(old.inputs).inputs), given(news)),
      replaces: () => true,
    }),
    async create(inputs, { preview }) {
      if (preview || containsUnknown(inputs)) return { id: "", outputs: { ...inputs, ...unmade(generator) } };
      const { id, outputs } = generator.generate(revealObject(inputs));
      return { id, outputs: { ...inputs, ...sealed(outputs, generator.secrets) } };
    },
    read: async (old) => old,
    update: async (old) => old.outputs,
    delete: async () => {},
  };
}

/** Without what the engine and the official provider keep for themselves, such as `__defaults`. */
function given(inputs: Properties): Properties {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => !name.startsWith("__")));
}

function unmade(generator: Generator): Properties {
  const outputs: Properties = {};
  for (const name of generator.outputs) outputs[name] = unknown;
  return sealed(outputs, generator.secrets);
}

function sealed(outputs: Properties, secrets: string[]): Properties {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => [name, secrets.includes(name) ? new Secret(value) : value]),
  );
}
