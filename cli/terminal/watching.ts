import { setTimeout as sleep } from "node:timers/promises";
import { print } from "./say";

/** What is told, and until when: by default to standard output, until an interrupt. */
export interface Watch {
  stream: { isTTY?: boolean };
  write(text: string): void;
  signal: AbortSignal;
}

/**
 * Tells what `look` gives again and again, so many seconds after each answer. A terminal shows the last alone; into a pipe goes
 * what is another than the one before. Ends with exit code 130 at an interrupt, when the look that is under way has come back.
 */
export async function watching(seconds: number, look: () => Promise<string>, watch?: Watch): Promise<void> {
  if (watch) return telling(seconds, look, watch);
  const ended = new AbortController();
  const end = (): void => ended.abort();
  process.once("SIGINT", end);
  try {
    await telling(seconds, look, { stream: process.stdout, write: print, signal: ended.signal });
    process.exitCode = 130;
  } finally {
    process.off("SIGINT", end);
  }
}

const CLEAR = "\u001b[H\u001b[2J\u001b[3J";

async function telling(seconds: number, look: () => Promise<string>, { stream, write, signal }: Watch): Promise<void> {
  for (let before: string | undefined; !signal.aborted; ) {
    const now = await look();
    if (signal.aborted) return;
    if (stream.isTTY)
      write(`${CLEAR}${now}\n${new Date().toISOString().slice(0, 19)}Z, again in ${seconds} s; Ctrl-C ends it`);
    else if (now !== before) write(now);
    before = now;
    await sleep(seconds * 1000, undefined, { signal }).catch(() => undefined);
  }
}
