import { type Properties, reveal, unknown } from "../shared/value";
import { draw, type Rules, rulesProblem } from "./draw";
import type { Generator } from "./generated";

const defaults = {
  ...{ lower: true, upper: true, numeric: true, special: true },
  ...{ minLower: 0, minUpper: 0, minNumeric: 0, minSpecial: 0 },
};

/** `RandomString`: its result is also its ID, in plain sight. */
export const randomString: Generator = {
  ...common(),
  secrets: [],
  generate(inputs) {
    const result = draw(rules(inputs));
    return { id: result, outputs: { id: result, result, number: rules(inputs).numeric } };
  },
};

/**
 * `RandomPassword`: its result is a secret, so it has no ID to speak of. `bcryptHash`, which the
 * official provider also gives, is left out: nothing here needs it. Nor is there the mark of the
 * state's version, so that the official provider adds the hash where it takes over.
 */
export const randomPassword: Generator = {
  ...common(),
  secrets: ["result"],
  generate(inputs) {
    return { id: "none", outputs: { id: "none", result: draw(rules(inputs)), number: rules(inputs).numeric } };
  },
};

function common(): Pick<Generator, "check" | "outputs"> {
  return {
    // The official provider keeps `id` and `number` among the outputs, and takes a state without `number` for one with
    // digits: it would make the value anew.
    outputs: ["result", "number"],
    check(given) {
      const inputs: Properties = { ...defaults, ...given };
      // `number` is the old name of `numeric`.
      if (given.numeric === undefined && given.number !== undefined) inputs.numeric = given.number;
      const known = Object.values(inputs).every((value) => reveal(value) !== unknown);
      const problem = known ? rulesProblem(rules(inputs)) : undefined;
      return { inputs, failures: problem === undefined ? [] : [problem] };
    },
  };
}

function rules(inputs: Properties): Rules {
  const number = (name: string) => Number(reveal(inputs[name] ?? 0));
  const boolean = (name: string) => reveal(inputs[name] ?? true) !== false;
  return {
    length: number("length"),
    lower: boolean("lower"),
    upper: boolean("upper"),
    numeric: boolean("numeric"),
    special: boolean("special"),
    minLower: number("minLower"),
    minUpper: number("minUpper"),
    minNumeric: number("minNumeric"),
    minSpecial: number("minSpecial"),
    overrideSpecial: String(reveal(inputs.overrideSpecial ?? "")),
  };
}
