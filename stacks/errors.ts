/** One mistake in a stack's configuration. */
export interface Problem {
  /** Where, as written in the file under `grunnmur:`, such as `nodes[1].memoryMiB`; empty for a mistake in the YAML. */
  path: string;
  /** The line in the stack file, counted from 1, where one is known. */
  line?: number;
  /** What is wrong, with the value received and what is allowed: one sentence without its full stop. */
  message: string;
  /** How to mend it: a sentence. */
  remedy?: string;
}

/** A configuration that cannot be built: carries every mistake found, not only the first. */
export class StackError extends Error {
  override readonly name = "StackError";

  constructor(
    readonly stackName: string,
    readonly problems: readonly Problem[],
  ) {
    const count = problems.length === 1 ? "1 mistake" : `${problems.length} mistakes`;
    super(
      `stack "${stackName}": ${count} in its configuration, Pulumi.${stackName}.yaml\n${problems.map((p) => `  ${describe(p)}`).join("\n")}`,
    );
  }
}

/** One line for one mistake. */
export function describe({ path, line, message, remedy }: Problem): string {
  const where = [line === undefined ? "" : `line ${line}`, path].filter(Boolean).join(", ");
  return `${where}: ${message}.${remedy ? ` ${remedy}` : ""}`;
}

/** A value as an error may show it: short, and without what may be a secret. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Date) return `the date ${value.toISOString()}`;
  if (typeof value === "object" && value !== null) return "a section";
  if (typeof value !== "string") return String(value);
  if (/PRIVATE KEY/.test(value)) return "a private key (not shown)";
  // Whoever logs in by SSH may be named; over https the name itself is often a token.
  const open = value
    .replace(/^(https?:\/\/)[^/@]*@/, "$1(not shown)@")
    .replace(/\/\/([^/@:]*):[^/@]*@/, "//$1:(not shown)@");
  return JSON.stringify(open.length > 80 ? `${open.slice(0, 77)}...` : open);
}
