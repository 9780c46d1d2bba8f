import { existsSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { type CheckOptions, check } from "../../policies/check/check";
import { readAll } from "../../policies/check/input";
import { isWithin } from "../../policies/check/paths";
import { question } from "../../policies/check/places";
import type { Reader } from "../../policies/check/reader";
import type { Input, InputObject } from "../../policies/check/repository";
import { identity } from "../../policies/engine/document";
import { plain } from "../terminal/plain";
import type { Finding, ObjectName } from "./cause";

/** Where something is written: a file of the repository and a line, from 1. */
export interface Place {
  file: string;
  line: number | null;
  /** What the reader says of the file, where it cannot be read. */
  said?: string;
}

export interface Files {
  /** Of the repository, absolute. */
  root: string;
  /** The folder of it that the agent applies, such as `./clusters/prod`. */
  path: string;
  reader: Reader;
  rules: CheckOptions["rules"];
  facts: Record<string, unknown>;
}

/** Finds where each of them is written, with the eyes of a review: what the agent builds is built once more. */
export function placesOf(findings: readonly Finding[], { root, path, reader, rules, facts }: Files): (Place | null)[] {
  const folder = join(root, path);
  const input = readAll([folder], reader);
  const name = (file: string): string => relative(root, resolve(file));
  const violations = findings.some(({ rule }) => rule !== undefined)
    ? check({ paths: [folder], rules, today: new Date().toISOString().slice(0, 10), facts, reader }).violations
    : [];
  return findings.map((finding): Place | null => {
    const { stage, object, at, rule } = finding;
    if (stage === "not built" && !object) return unbuilt(root, folder, reader, input, name);
    if (!object) return null;
    const broken = violations.find((one) => one.rule === rule && isSame(one, object));
    if (broken?.file !== undefined) return { file: name(broken.file), line: broken.line ?? null };
    const written = input.found.find((one) => isSame(identity(one.object), object));
    return written ? placeIn(written, at, reader, name) : null;
  });
}

/** Where a build ends: the file that is no YAML, else the kustomization that takes in what it cannot. */
function unbuilt(
  root: string,
  folder: string,
  reader: Reader,
  input: Input,
  name: (file: string) => string,
): Place | null {
  const faults = reader
    .read({ root, paths: [folder] })
    .files.flatMap(({ path, faults }) => faults.filter(({ template }) => !template).map((one) => ({ path, ...one })));
  const [fault] = faults;
  if (fault) return { file: name(fault.path), line: fault.line ?? null, said: plain(fault.reason) };
  const [note] = input.unread;
  if (!note) return null;
  const inner = [...note.reason.matchAll(/accumulation of path '([^']+)'/g)].pop()?.[1];
  const file = inner === undefined ? undefined : kustomizationIn(join(root, inner));
  // The message quotes what the repository says, which is not to lead out of it.
  if (file === undefined || !isWithin(root, file))
    return { file: name(note.file), line: note.line, said: plain(note.reason) };
  const entry = [...note.reason.matchAll(/ from '([^']+)'/g)].pop()?.[1] ?? "";
  const line =
    readFileSync(file, "utf8")
      .split("\n")
      .findIndex((one) => one.includes(entry)) + 1;
  // What led to this kustomization says nothing of the fault.
  return {
    file: name(file),
    line: line || null,
    said: plain(note.reason.replace(/^.*accumulation of path '[^']+': /, "")),
  };
}

/** The names that kustomize knows a kustomization by. */
const kustomizationIn = (directory: string): string | undefined =>
  ["kustomization.yaml", "kustomization.yml", "Kustomization"].map((one) => join(directory, one)).find(existsSync);

/** In Git an object may leave its namespace to the kustomization around it, and a message its own. */
const isSame = (one: ObjectName, other: ObjectName): boolean =>
  one.kind === other.kind &&
  one.name === other.name &&
  (one.namespace === other.namespace || one.namespace === "" || other.namespace === "");

function placeIn(
  written: InputObject,
  at: string | undefined,
  reader: Reader,
  name: (file: string) => string,
): Place | null {
  const { candidates, from } = written;
  if (candidates.length === 0) return { file: name(from), line: null };
  const [place] = reader.locate({ places: [question(written, at ?? "")] }).places;
  return place && place.line > 0 ? { file: name(place.file), line: place.line } : { file: name(from), line: null };
}
