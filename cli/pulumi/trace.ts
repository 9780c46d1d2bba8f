import { closeSync, openSync, writeFileSync } from "node:fs";
import { UserError } from "../terminal/user-error";
import type { EngineEvent, StepMetadata } from "./events";
import { nameOf, stageOf } from "./stage-times";

/** A bar: what was done, from when to when, in seconds on one clock. */
interface Bar {
  /** The group of rows that it stands in: a stage, or the command itself. */
  track: string;
  name: string;
  from: number;
  to: number;
  args: Record<string, string>;
}

/** One of `traceEvents` in Chrome's trace-event format, which Perfetto (ui.perfetto.dev) and chrome://tracing open. */
export interface TraceEvent {
  name: string;
  cat: string;
  /** `X`: a bar. `M`: the name of a row. */
  ph: "X" | "M";
  /** Microseconds since the first bar. */
  ts: number;
  dur?: number;
  pid: 1;
  tid: number;
  args: Record<string, string>;
}

const NOTHING_DONE = new Set(["same", "read", "refresh"]);
const COMMAND = "grunnmur";

/**
 * One bar for each resource that an update works on, and for what comes before. Times are those at which the engine's
 * events are read, a quarter of a second after they are written at most. It holds names and operations, and nothing of
 * what a resource is made from.
 */
export class Trace {
  private readonly bars: Bar[] = [];
  private readonly running = new Map<string, { step: StepMetadata; from: number; run: number }>();
  private runs = 0;

  /** What the command does by itself. */
  async during<T>(name: string, work: () => Promise<T>, now: () => number = clock): Promise<T> {
    const from = now();
    let outcome = "failed";
    try {
      const result = await work();
      outcome = "done";
      return result;
    } finally {
      this.bars.push({ track: COMMAND, name, from, to: now(), args: { outcome } });
    }
  }

  /** One run of Pulumi: what it leaves running when it ends was not finished. */
  async run<T>(work: () => Promise<T>, now: () => number = clock): Promise<T> {
    this.runs += 1;
    try {
      return await this.during(`pulumi up, run ${this.runs}`, work, now);
    } finally {
      for (const [key, { step, from, run }] of this.running) this.add(key, step, from, now(), run, "unfinished");
    }
  }

  /** @param now seconds */
  event(event: EngineEvent, now = clock()): void {
    if (event.summaryEvent?.isPreview) this.running.clear(); // nothing was done in what came before
    const begun = event.resourcePreEvent?.metadata;
    if (begun?.provider && !NOTHING_DONE.has(begun.op)) {
      this.running.set(keyOf(begun), { step: begun, from: now, run: this.runs });
    }
    const ended = event.resOutputsEvent?.metadata ?? event.resOpFailedEvent?.metadata;
    const known = ended && this.running.get(keyOf(ended));
    if (!known) return;
    const outcome = event.resOpFailedEvent ? "failed" : "done";
    this.add(keyOf(ended), known.step, known.from, now, known.run, outcome);
  }

  /** `{ traceEvents }`: each track has as many rows as it has bars at once. */
  events(): TraceEvent[] {
    const start = Math.min(...this.bars.map(({ from }) => from));
    const sorted = [...this.bars].sort((a, b) => a.from - b.from || b.to - a.to);
    // The command's own row stands first.
    const tracks = [...new Set([COMMAND, ...sorted.map(({ track }) => track)])];
    const rows: { name: string; free: number }[] = [];
    const out: TraceEvent[] = [];
    for (const track of tracks) {
      const first = rows.length;
      for (const { name, from, to, args } of sorted.filter((bar) => bar.track === track)) {
        let row = rows.findIndex(({ free }, index) => index >= first && free <= from);
        if (row < 0) row = rows.push({ name: track, free: 0 }) - 1;
        rows[row] = { name: track, free: to };
        const [ts, dur] = [micro(from - start), micro(to - from)];
        out.push({ name, cat: track, ph: "X", ts, dur, pid: 1, tid: row, args });
      }
    }
    const names = rows.map(({ name }, tid): TraceEvent => {
      return { name: "thread_name", cat: name, ph: "M", ts: 0, pid: 1, tid, args: { name } };
    });
    return [...names, ...out];
  }

  private add(key: string, step: StepMetadata, from: number, to: number, run: number, outcome: string): void {
    this.running.delete(key);
    const args = { operation: step.op, outcome, type: typeOf(step.urn), run: String(run) };
    this.bars.push({ track: stageOf(step.urn), name: nameOf(step.urn), from, to, args });
  }
}

const clock = (): number => performance.now() / 1000;
const micro = (seconds: number): number => Math.round(seconds * 1e6);
/** A resource that is replaced is made and deleted under one name. */
const keyOf = ({ op, urn }: StepMetadata): string => `${op} ${urn}`;
const typeOf = (urn: string): string => (urn.split("::")[2] ?? "").split("$").at(-1) ?? "";

/**
 * Runs `work` with a trace that is written to `file` however it ends.
 * @throws UserError before anything else is done, where the file cannot be written
 */
export async function traced<T>(file: string | undefined, work: (trace: Trace) => Promise<T>): Promise<T> {
  const trace = new Trace();
  if (file === undefined) return work(trace);
  const handle = openForTrace(file);
  try {
    return await work(trace);
  } finally {
    writeFileSync(handle, `${JSON.stringify({ traceEvents: trace.events() }, null, 1)}\n`);
    closeSync(handle);
  }
}

function openForTrace(file: string): number {
  try {
    return openSync(file, "w");
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code;
    const words: Record<string, string> = {
      ENOENT: "its folder does not exist",
      EISDIR: "it is a folder",
      EACCES: "this user may not write there",
    };
    throw new UserError(
      `--trace: received ${JSON.stringify(file)}, and ${words[why ?? ""] ?? `it cannot be written (${why})`}; ` +
        "allowed is a file that can be written, such as trace.json. Nothing was started.",
    );
  }
}
