import { spawnSync } from "node:child_process";

export interface Taken {
  /** Seconds from start to end. */
  wall: number;
  /** Seconds of both kinds of CPU, of all its threads. */
  cpu: number;
  code: number;
  output: string;
}

const OUTPUT = 1024 * 1024 * 1024;

/** Runs a program to its end, and says what it took. */
export function measure(command: string, args: readonly string[], cwd: string, environment = process.env): Taken {
  // The shell's own clock, since Node does not say what one child used.
  const script = 'TIMEFORMAT="taken %R %U %S"; time "$@"';
  const { status, stdout, stderr, error } = spawnSync("bash", ["-c", script, "bash", command, ...args], {
    cwd,
    maxBuffer: OUTPUT,
    encoding: "utf8",
    env: { ...environment, LC_ALL: "C" },
  });
  const [, wall, user, system] = /taken ([\d.]+) ([\d.]+) ([\d.]+)\s*$/.exec(stderr) ?? [];
  if (error || wall === undefined) throw new Error(`${command} did not run: ${error?.message ?? stderr.slice(-500)}`);
  return { wall: Number(wall), cpu: Number(user) + Number(system), code: status ?? -1, output: stdout };
}

/** Several programs by turns, so that what else the machine does hits all of them. */
export function byTurns<K extends string>(rounds: number, programs: Record<K, () => Taken>): Record<K, Taken[]> {
  const names = Object.keys(programs) as K[];
  const taken = Object.fromEntries(names.map((name) => [name, [] as Taken[]])) as Record<K, Taken[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of names) taken[name].push(programs[name]());
  }
  return taken;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
