import { consequences } from "../../stacks/changes";
import { effectsOf } from "../../stacks/settings";
import type { Operation, Step } from "./plan";
import { ROWS, type Row, stacksOf } from "./rows";

const HEAD = `# What each change does

Generated from the program: each row is a test. A stack file that is up is edited; the second column is what \`preview\`
shows of it, components aside. What is refused stops the preview too, before anything is touched. What deletes data goes ahead
only with \`--accept-loss\` and its name.

| change | preview | on machines and data |
|---|---|---|
`;

const TAIL = `
Not in a stack file:

| change | preview | on machines and data |
|---|---|---|
| a guest was stopped | update: its domain | It is started. A guest that is missing is made from its disk. |
| \`./grunnmur replace\` of a node with a data disk | replace: its disk, its domain, and what is installed on it | The new machine takes the data disk over, with what is on it. |
| a newer golden image or Kubernetes in the lock | nothing of it for machines that there are | It is for new nodes. |
| another home or a lost state against the same hypervisors | creates | Refused at the first disk: the message says whose it is, and how to adopt it on purpose. |
| a seed would be replaced or deleted | an error: it is protected | Nothing. \`destroy\` lifts the protection. |
`;

/** What the second column says of a row. */
export function verdict(row: Row, steps: Step[]): string {
  const { deployed, wanted } = stacksOf(row);
  const { refusals, losses } = consequences(deployed, wanted);
  if (refusals.length > 0) return "**refused**";
  const asked = losses.map(({ name }) => `**asks for \`--accept-loss ${name}\`**`);
  return [...asked, steps.length === 0 ? "nothing" : summary(steps)].join("; ");
}

/** Whether the program has to be built for a row at all. */
export function isRefused(row: Row): boolean {
  const { deployed, wanted } = stacksOf(row);
  return consequences(deployed, wanted).refusals.length > 0;
}

/** What the third column says of a row. */
export function effect(row: Row): string {
  const { deployed, wanted } = stacksOf(row);
  const effects = isRefused(row) ? [] : effectsOf(deployed, wanted);
  return effects.join(" ") || "Nothing.";
}

export function page(verdicts: Map<Row, string>): string {
  const rows = ROWS.map((row) => `| ${row.change} | ${verdicts.get(row)} | ${effect(row)} |\n`);
  return `${HEAD}${rows.join("")}${TAIL}`;
}

/** Such as `update: a, b; replace: c`. */
function summary(steps: Step[]): string {
  const operations: Operation[] = ["create", "update", "replace", "delete"];
  return operations
    .flatMap((operation) => {
      const some = steps.filter((step) => step.operation === operation);
      return some.length === 0 ? [] : [`${operation}: ${names(some).join(", ")}`];
    })
    .join("; ");
}

/** The policies of a cluster are one thing to a reader. */
function names(steps: Step[]): string[] {
  const rule = ({ type }: Step) => type.includes("ValidatingAdmissionPolicy");
  const rules = steps.filter(rule).length;
  return [
    ...steps.filter((step) => !rule(step)).map(({ name }) => name.replace(/-birth-\w+$/, "-birth")),
    ...(rules > 0 ? [`${rules} admission ${rules === 1 ? "policy" : "policies"}`] : []),
  ].sort();
}
