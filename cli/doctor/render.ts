import { colours } from "../terminal/colour";
import { hanging, table } from "../terminal/table";
import type { Check } from "./check";

/** For a person: a line each, and below one that is not good what was expected, what helps, and the log. */
export function render(stack: string, checks: readonly Check[], stream: { isTTY?: boolean; columns?: number }): string {
  const paint = colours(stream);
  const mark = { good: paint.green, advice: paint.yellow, wrong: paint.red, unknown: paint.bold };
  const rows = table(
    ["part", "", "found"].map((title) => paint.bold(title)),
    checks.map(({ part, state, found }) => [part, mark[state](state), found]),
    stream,
  );
  const [head = "", ...lines] = rows;
  const below = checks.map(({ state, expected, remedy, log = [] }) =>
    state === "good"
      ? []
      : [
          ...(expected === undefined ? [] : [hanging(`expected: ${expected}`, 4, stream.columns)]),
          ...log.map((line) => paint.dim(`    | ${line}`)),
          ...(remedy === undefined ? [] : [hanging(`do: ${remedy}`, 4, stream.columns)]),
        ],
  );
  return [
    head,
    ...lines.flatMap((line, index) => [line, ...(below[index] ?? [])]),
    "",
    verdict(stack, checks, paint),
  ].join("\n");
}

function verdict(stack: string, checks: readonly Check[], { green, red, bold }: ReturnType<typeof colours>): string {
  const count = (state: Check["state"]): number => checks.filter((one) => one.state === state).length;
  const [wrong, unknown, advice] = [count("wrong"), count("unknown"), count("advice")];
  const more = [
    ...(unknown > 0 ? [`${unknown} could not be established`] : []),
    ...(advice > 0 ? [`${advice} might be better`] : []),
  ];
  const rest = more.length > 0 ? `; ${more.join(", ")}` : "";
  if (wrong > 0) return red(`${stack}: ${wrong} ${wrong === 1 ? "thing is" : "things are"} wrong${rest}`);
  return unknown > 0
    ? bold(`${stack}: nothing is known to be wrong${rest}`)
    : green(`${stack}: nothing is wrong${rest}`);
}
