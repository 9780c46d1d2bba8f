import { Engine } from "../engine/engine";
import { type Case, casesOf } from "../engine/examples";
import type { Rule } from "../engine/rule";
import { GATES, type Gate } from "../engine/terms";

/** What one gate says of an example. */
export type Word =
  | "pass"
  | "fail"
  /** An obligation: it cannot be decided yet. */
  | "open"
  /** The API server takes no such object, whatever the rules say. */
  | "invalid"
  /** The rule, or the example, is not for this gate. */
  | "-"
  /** Nobody was there to be asked. */
  | "?";

export type Ask = (rule: Rule, example: Case) => Word | Promise<Word>;

export interface Row {
  rule: string;
  title: string;
  expected: Word;
  /** One word where an example is tried in several kinds and all say the same; else all there are. */
  said: Record<Gate, Word[]>;
}

const EXPECTED: Readonly<Record<Case["verdict"], Word>> = { good: "pass", bad: "fail", undetermined: "open" };

/** Every example of every rule, at every gate. */
export async function matrix(rules: readonly Rule[], asks: Readonly<Record<Gate, Ask>>): Promise<Row[]> {
  const rows = new Map<string, Row>();
  for (const rule of rules) {
    for (const example of casesOf(rule)) {
      // A pod spec is tried in every kind that has one, and the title says in which.
      const title = example.title.replace(/ \([A-Z]\w+\)$/, "");
      const key = `${rule.id} ${example.verdict} ${title}`;
      const fresh: Row = {
        rule: rule.id,
        title,
        expected: EXPECTED[example.verdict],
        said: { crossguard: [], check: [], admission: [] },
      };
      const row = rows.get(key) ?? fresh;
      rows.set(key, row);
      for (const gate of GATES) {
        const word = example.gates.includes(gate) ? await asks[gate](rule, example) : "-";
        if (!row.said[gate].includes(word)) row.said[gate].push(word);
      }
    }
  }
  return [...rows.values()];
}

/** Words that say something of the rule and are not what the example expects. */
export function wrong(rows: readonly Row[]): string[] {
  return rows.flatMap(({ rule, title, expected, said }) =>
    GATES.flatMap((gate) =>
      said[gate]
        // At admission every value is known, and a bad object that is no object at all does not come in either.
        .filter((word) => !["-", "?", expected].includes(word) && !(word === "invalid" && expected === "fail"))
        .map((word) => `${rule}: ${title}: ${gate} says ${word}, expected ${expected}`),
    ),
  );
}

export function asTable(rows: readonly Row[]): string {
  const head = ["rule", "example", "expected", ...GATES];
  const lines = rows.map(({ rule, title, expected, said }) => [
    rule,
    title,
    expected,
    ...GATES.map((gate) => said[gate].join("/")),
  ]);
  const widths = head.map((name, column) => Math.max(name.length, ...lines.map((line) => line[column]?.length ?? 0)));
  return [head, ...lines]
    .map((line) =>
      line
        .map((text, at) => text.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Review, as `./grunnmur check` asks. */
export const review =
  (today: string): Ask =>
  (rule, { params, stack, documents }) => {
    const engine = new Engine({
      rules: [rule],
      gate: "check",
      params: { [rule.id]: params },
      ...(stack && { stack }),
      today,
    });
    const { violations, obligations } = engine.evaluate(documents);
    return word(violations.length, obligations.length);
  };

export const word = (faults: number, open: number): Word => (faults > 0 ? "fail" : open > 0 ? "open" : "pass");
