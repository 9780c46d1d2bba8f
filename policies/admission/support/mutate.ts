import type { Rule } from "../../engine/rule";

export interface Mutant {
  rule: Rule;
  /** What was changed, to be printed. */
  change: string;
}

/** One change each: what it looks for in the code between texts, and what it puts there. */
const CHANGES: readonly [RegExp, (found: string) => string][] = [
  [/\|\|/g, () => "&&"],
  [/&&/g, () => "||"],
  [/==/g, () => "!="],
  [/!=/g, () => "=="],
  [/<=/g, () => "<"],
  [/>=/g, () => ">"],
  [/(?<![<>=!-])<(?!=)/g, () => "<="],
  [/(?<![<>=!-])>(?!=)/g, () => ">="],
  [/!(?!=)/g, () => ""],
  [/\.isGreaterThan\(/g, () => ".isLessThan("],
  [/\.isLessThan\(/g, () => ".isGreaterThan("],
  [/\.all\(/g, () => ".exists("],
  [/\.exists\(/g, () => ".all("],
  [/\.startsWith\(/g, () => ".endsWith("],
  [/\.hasValue\(\)/g, () => ".hasValue() == false"],
  [/\btrue\b/g, () => "false"],
  [/\bfalse\b/g, () => "true"],
  [/(?<![\w.])\d+(?![\w.])/g, (found) => `${Number(found) + 1}`],
];

const TEXT = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g;

/** All single changes of one expression. */
function mutations(expression: string): string[] {
  // Texts are blanked, so that nothing is found in them and places stay.
  const code = expression.replace(TEXT, (text) => " ".repeat(text.length));
  return CHANGES.flatMap(([pattern, replace]) =>
    [...code.matchAll(pattern)].map(({ 0: found, index }) => {
      return expression.slice(0, index) + replace(found) + expression.slice(index + found.length);
    }),
  );
}

/** Some mutants of a rule, spread over all of its expressions. */
export function mutantsOf(rule: Rule, count: number): Mutant[] {
  const of = (kind: "validations" | "variables") =>
    rule[kind].flatMap((part, index) =>
      mutations(part.expression).map((expression) => ({
        rule: { ...rule, [kind]: rule[kind].with(index, { ...part, expression } as never) },
        change: `${kind}[${index}]: ${expression.replace(/\s+/g, " ")}`,
      })),
    );
  const all: Mutant[] = [...of("validations"), ...of("variables")];
  const step = Math.max(1, all.length / count);
  return Array.from({ length: Math.min(count, all.length) }, (_none, n) => all[Math.floor(n * step)]).filter(
    (mutant) => mutant !== undefined,
  );
}
