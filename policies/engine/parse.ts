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
  return parsed.data;
}
