import * as yaml from "js-yaml";
import { type Rule, ruleSchema } from "./rule";

export class RuleError extends Error {
  constructor(file: string, faults: readonly string[]) {
    super(`${file} is not a rule:\n${faults.map((fault) => `  - ${fault}`).join("\n")}\nsee policies/rules/README.md`);
    this.name = "RuleError";
  }
}

/** Parses and checks one rule file. @throws RuleError with every fault and its path */
export function parseRule(text: string, file: string): Rule {
  let raw: unknown;
  try {
    raw = yaml.load(text, { filename: file });
  } catch (error) {
    throw new RuleError(file, [(error as Error).message]);
  }
  const parsed = ruleSchema.safeParse(raw);
  if (!parsed.success) {
    throw new RuleError(
      file,
      parsed.error.issues.map((issue) => `${issue.path.join(".") || "the rule"}: ${issue.message}`),
    );
  }
  const name = file.replace(/^.*\//, "").replace(/\.yaml$/, "");
  if (parsed.data.id !== name) throw new RuleError(file, [`id is ${parsed.data.id}; the file's name says ${name}`]);
  const kindless = examplesWithoutKind(parsed.data);
  if (kindless.length > 0) throw new RuleError(file, kindless);
  return parsed.data;
}

/** No rule is about an object without a kind: as a good example it would pass, whatever the rule says. */
function examplesWithoutKind(rule: Rule): string[] {
  return (["good", "bad", "undetermined"] as const).flatMap((verdict) =>
    rule.examples[verdict].flatMap(({ title, object, objects = [] }, index) => {
      const at = `examples.${verdict}.${index}`;
      const found: [string, Record<string, unknown>][] = objects.map((one, i) => [`${at}.objects.${i}`, one]);
      // The one object of a rule about the stack is the stack.
      if (object && rule.match.subject !== "stack") found.push([`${at}.object`, object]);
      return found.flatMap(([path, one]) => typeFaults(one).map((fault) => `${path}.${fault} (${title})`));
    }),
  );
}

function typeFaults(object: Record<string, unknown>): string[] {
  const remedy = "<<" in object ? "write its keys out, for `<<` does not merge here" : "write it";
  return ["apiVersion", "kind"]
    .filter((key) => typeof object[key] !== "string" || object[key] === "")
    .map((key) => `${key}: received ${JSON.stringify(object[key]) ?? "nothing"}, allowed is text; ${remedy}`);
}
