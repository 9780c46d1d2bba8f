import type { ASTNode, Environment, ParseResult } from "@marcbachmann/cel-js";
import { kubernetesEnvironment, useReplacements } from "./environment";
import { startWatch, touchedPaths, UnknownError } from "./unknown";

/**
 * Our interface to CEL. Everything else in the project speaks to these types, not to the library.
 */

export type Result =
  | { kind: "value"; value: unknown }
  /** The result depends on values that are not known yet. */
  | { kind: "unknown"; paths: string[] }
  | { kind: "error"; message: string };

/** Names and the values they have; see `toCel` for how data is prepared. */
export type Bindings = Record<string, unknown>;

export interface Program {
  readonly text: string;
  readonly ast: ASTNode;
  evaluate(bindings: Bindings): Result;
  /** The value, or an error thrown: for expressions inside others, such as variables. */
  value(bindings: Bindings): unknown;
}

/** @throws Error with the place, where the text is not CEL */
export class CelSyntaxError extends Error {
  constructor(
    readonly text: string,
    cause: Error,
  ) {
    super(`not a CEL expression: ${cause.message}`, { cause });
    this.name = "CelSyntaxError";
  }
}

let environment: Environment | undefined;
const programs = new Map<string, Program>();

/** Compiles once for each text. */
export function compile(text: string): Program {
  let program = programs.get(text);
  if (program === undefined) {
    program = build(text);
    programs.set(text, program);
  }
  return program;
}

function build(text: string): Program {
  environment ??= kubernetesEnvironment();
  let parsed: ParseResult;
  try {
    parsed = environment.parse(text);
  } catch (error) {
    throw new CelSyntaxError(text, error as Error);
  }
  useReplacements(parsed.ast);
  return { text, ast: parsed.ast, value: parsed, evaluate: (bindings) => evaluate(parsed, bindings) };
}

function evaluate(parsed: ParseResult, bindings: Bindings): Result {
  startWatch();
  try {
    return { kind: "value", value: parsed(bindings) };
  } catch (error) {
    const paths = touchedPaths();
    // An error beside an unknown may be the unknown's doing, so it decides nothing yet.
    if (paths.length > 0 || error instanceof UnknownError) return { kind: "unknown", paths: [...paths] };
    return { kind: "error", message: firstLine(error) };
  }
}

/** The library adds an excerpt of the text below its message. */
function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n", 1)[0] ?? message;
}
