import { spawnSync } from "node:child_process";

/**
 * The program that reads and builds as the cluster does (`policies/reader`). Everything that `check` judges comes
 * through it: this side has no reading of manifests of its own that could differ from the agent's.
 */
export interface Reader {
  /** What is in the files below some paths. */
  read(request: { root: string; paths: readonly string[] }): ReadAnswer;
  /** What kustomizations build. */
  build(request: { root: string; roots: readonly Root[]; cache?: string }): BuildAnswer;
  /** The lines on which something is written. */
  locate(request: { places: readonly PlaceAsked[] }): { places: { file: string; line: number }[] };
}

export interface ReadAnswer {
  files: FileRead[];
  /** Directories. */
  kustomizations: string[];
  notes: { path: string; reason: string; unread?: boolean }[];
}

export interface FileRead {
  path: string;
  /** `line` is 0 where it is not known; `again` is another reading of what stands before it. */
  documents: { line: number; value: unknown; again?: boolean }[];
  faults: ReaderFault[];
}

export interface ReaderFault {
  line?: number;
  reason: string;
  /** Readable once a program has filled in what stands in double braces. */
  template?: boolean;
  /** The cluster's two readers disagree. */
  differs?: boolean;
}

/** A directory that an agent applies, with the Flux Kustomization that says so, if there is one. */
export interface Root {
  directory: string;
  flux?: Record<string, unknown>;
}

export interface BuildAnswer {
  builds: Built[];
}

/** Paths in it are relative to the repository's root. */
export interface Built {
  objects: BuiltObject[] | null;
  files: string[];
  error?: string;
}

export interface BuiltObject {
  object: Record<string, unknown>;
  /** The file that it is written in; absent for what a generator makes. */
  origin?: string;
  /** The kustomizations that changed it. */
  changed?: string[];
}

/** One question about a place: see `policies/reader/locate.go`. */
export interface PlaceAsked {
  candidates: Candidate[];
  path: readonly (string | number)[];
  value?: unknown;
}

export interface Candidate {
  file: string;
  line?: number;
  kind?: string;
  name?: string;
  at?: readonly (string | number)[];
  keys?: readonly string[];
  /** `at` alone is the place. */
  exact?: boolean;
}

/** Stands in a text for what the agent takes from the cluster (`policies/reader/build.go`). */
export const FROM_THE_CLUSTER = "\ue000from-the-cluster\ue001";

/** Guards against a reader that hangs, no more: what it reads is bounded. */
const SECONDS = 900;
const MAX_BYTES = 2 ** 30;

/** The reader itself failed, so nothing can be said of what it was to read. */
export class ReaderError extends Error {}

/** @param program the compiled `policies/reader` */
export function readerAt(program: string): Reader {
  return {
    read: (request) => ask(program, "read", request),
    build: (request) => ask(program, "build", request),
    locate: (request) => ask(program, "locate", request),
  };
}

function ask<Answer>(program: string, verb: string, request: unknown): Answer {
  const { error, status, signal, stdout, stderr } = spawnSync(program, [verb], {
    input: JSON.stringify(request),
    encoding: "utf8",
    timeout: SECONDS * 1000,
    killSignal: "SIGKILL",
    maxBuffer: MAX_BYTES,
    // It needs nothing of this environment, and what it is asked to read comes from strangers.
    env: { HOME: "/nonexistent", TMPDIR: "/nonexistent" },
  });
  if (error || status !== 0) {
    const said = error?.message ?? stderr.trim().split("\n")[0] ?? "";
    throw new ReaderError(`the reader of manifests ended with ${signal ?? `exit code ${status}`}: ${said}`);
  }
  try {
    return JSON.parse(stdout) as Answer;
  } catch {
    throw new ReaderError(`the reader of manifests gave no whole answer to "${verb}"`);
  }
}
