import { type Document, isMap, LineCounter, type ParsedNode, parseDocument } from "yaml";
import { type Problem, show } from "./errors";
import { nearest } from "./suggest";

/** A stack file as it is written: what it says, and where. */
export interface StackFile {
  /** Keys below `config`, with their namespace; undefined where the text has no such section. */
  config: Record<string, unknown> | undefined;
  /** What is wrong around the configuration. */
  problems: Problem[];
  /** The line of a key such as `nodes[1].memoryMiB`, or of the nearest section around it that is there. */
  lineOf(path: string): number | undefined;
}

/** What Pulumi itself reads at the top of a stack file (sdk/go/common/workspace/project.go, ProjectStack). */
const TOP_LEVEL = ["config", "environment", "secretsprovider", "encryptedkey", "encryptionsalt"];

const WHOLE = "the file";

/** Reads YAML as Pulumi does, to which a date without quotes is a moment in time. */
export function readStackFile(text: string, namespace: string): StackFile {
  const lines = new LineCounter();
  const lineAt = (offset: number | undefined) => (offset === undefined ? undefined : lines.linePos(offset).line);
  // Not pretty: an excerpt of the file could hold a secret.
  const document = parseDocument(text, { lineCounter: lines, customTags: ["timestamp"], prettyErrors: false });
  const { value, problems } = plain(document, lineAt);
  if (problems.length > 0) return { config: undefined, problems, lineOf: () => undefined };
  const written = (path: string) => {
    const [first = "", ...rest] = steps(path);
    const key = [`${namespace}:${first}`, first].find((name) => document.hasIn(["config", name])) ?? first;
    return lineAt(offsetOf(document, ["config", key, ...rest]));
  };
  const config = value === null || value === undefined ? {} : isSection(value) ? section(value.config) : undefined;
  return {
    config,
    problems: around(value, namespace).map((each) => ({ ...each, line: lineAt(offsetOf(document, [each.path])) })),
    lineOf: written,
  };
}

/** The values of a document; a mistake in its YAML leaves none. */
function plain(document: Document.Parsed, lineAt: (offset: number) => number | undefined) {
  const mistakes = [...document.errors, ...document.warnings];
  const tabs = mistakes.filter(({ code }) => code === "TAB_AS_INDENT");
  // A tab makes the parser stumble over everything after it.
  const problems = (tabs.length > 0 ? tabs : mistakes).map(({ message, code, pos }): Problem => {
    if (code === "MULTIPLE_DOCS") {
      return { path: "", line: lineAt(pos[0]), message: "a second document begins, allowed is one" };
    }
    const remedy = code === "TAB_AS_INDENT" ? "Indent with spaces." : undefined;
    return { path: "", line: lineAt(pos[0]), message: `not valid YAML: ${message}`, remedy };
  });
  if (problems.length > 0) return { value: undefined, problems };
  try {
    return { value: document.toJS() as unknown, problems };
  } catch (error) {
    // An alias that leads nowhere, or that would grow without bound.
    const message = `not valid YAML: ${error instanceof Error ? error.message : error}`;
    return { value: undefined, problems: [{ path: WHOLE, message }] };
  }
}

/** An empty section is one without keys; where something else stands, there is none. */
function section(config: unknown): Record<string, unknown> | undefined {
  return config === null ? {} : isSection(config) ? config : undefined;
}

/** Mistakes beside and above the configuration. */
function around(value: unknown, namespace: string): Problem[] {
  if (value === null || value === undefined) return [];
  const sections = `a section with the key config, below which keys start with ${namespace}:`;
  if (!isSection(value)) return [{ path: WHOLE, message: `received ${show(value)}, allowed is ${sections}` }];
  const problems = Object.keys(value)
    .filter((key) => !TOP_LEVEL.includes(key))
    .map((key): Problem => {
      return { path: key, message: `unknown key, allowed are ${TOP_LEVEL.join(", ")}`, remedy: instead(key) };
    });
  if (value.config === undefined && problems.length === 0) {
    return [{ path: "config", message: `is missing, allowed is a section whose keys start with ${namespace}:` }];
  }
  if (value.config === undefined || section(value.config)) return problems;
  return [...problems, { path: "config", message: `received ${show(value.config)}, allowed is a section` }];
}

function instead(key: string): string {
  if (key.includes(":")) return "Move it below config, indented.";
  const meant = nearest(key, TOP_LEVEL);
  return meant ? `Did you mean ${meant}?` : "Remove it.";
}

/** `nodes[1].memoryMiB` as its steps. */
function steps(path: string): (string | number)[] {
  return [...path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, key = ""]) => (index ? Number(index) : key));
}

/** Where the key of the last step stands; for a step that is not there, where the section around it stands. */
function offsetOf(document: Document.Parsed, path: (string | number)[]): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const around = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1];
    const pair = isMap(around) ? around.items.find(({ key }) => String(key) === last) : undefined;
    const node = (pair?.key ?? document.getIn(path.slice(0, length), true)) as ParsedNode | undefined;
    if (node?.range) return node.range[0];
  }
  return undefined;
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
