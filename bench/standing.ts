import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { environmentDir, repositoryPath } from "../lib/places";

const STACK = "local";
const SECONDS = 600;
const SHOWN = 8;
/** The kernel counts in hundredths of a second, for whatever reads /proc. */
const TICKS = 100;

/** Seconds of CPU since its start, and MiB in memory. */
interface Use {
  user: number;
  system: number;
  memory: number;
}

/**
 * What the environment `local` uses while nobody asks anything of it: what QEMU takes of this machine for each guest, and
 * which processes take it inside, in the guest's own seconds. `GRUNNMUR_BENCH_SECONDS` says for how long, instead of ten
 * minutes.
 */
export async function measureStanding(say: (text: string) => void): Promise<void> {
  const seconds = Number(process.env.GRUNNMUR_BENCH_SECONDS ?? SECONDS);
  const guests = guestsOf(STACK);
  if (guests.size === 0) throw new Error(`no guest of ${STACK} runs here: ./grunnmur up, and then again`);
  const look = () => new Map([...guests].map(([name, pid]) => [name, { use: useOf(pid), inside: inside(name) }]));
  const before = look();
  const began = Date.now();
  await sleep(seconds * 1000);
  const after = look();
  const elapsed = (Date.now() - began) / 1000;
  let all = 0;
  for (const [name, { use, inside }] of after) {
    const from = before.get(name);
    if (!from) continue;
    const [user, system] = [use.user - from.use.user, use.system - from.use.system];
    all += user + system;
    const share = ((100 * (user + system)) / elapsed).toFixed(0);
    say(
      `  ${name.padEnd(12)} ${(user + system).toFixed(0)} s of CPU in ${elapsed.toFixed(0)} s, ${share} % of a core ` +
        `(user ${user.toFixed(0)}, system ${system.toFixed(0)}), ${use.memory.toFixed(0)} MiB`,
    );
    for (const [process, used] of most(from.inside, inside)) {
      say(`    ${process.padEnd(24)} ${used.toFixed(1).padStart(7)} s`);
    }
  }
  say(`  all guests   ${all.toFixed(0)} s of CPU, ${((100 * all) / elapsed).toFixed(0)} % of a core`);
}

/** Process ids of QEMU by guest. */
function guestsOf(stack: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const command = readOr(`/proc/${pid}/cmdline`);
    const [, name] = /^\S*qemu-system[^\0]*\0-name\0guest=([^,\0]+)/.exec(command) ?? [];
    if (name && command.includes(environmentDir(stack))) found.set(name, Number(pid));
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function useOf(pid: number): Use {
  const fields = fieldsOf(readFileSync(`/proc/${pid}/stat`, "utf8"));
  const [, resident = "0"] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ");
  return { ...fields, memory: (Number(resident) * 4096) / 1024 / 1024 };
}

/** A line of /proc/<pid>/stat; the name, in parentheses, may hold anything. */
function fieldsOf(line: string): { name: string; user: number; system: number } {
  const end = line.lastIndexOf(")");
  const rest = line.slice(end + 2).split(" ");
  const name = line.slice(line.indexOf("(") + 1, end);
  return { name, user: Number(rest[11]) / TICKS, system: Number(rest[12]) / TICKS };
}

/** Seconds of CPU by the name of the process, and what interrupts and idling take, in a guest. */
function inside(guest: string): Map<string, number> {
  const command = "head -n 1 /proc/stat; cat /proc/[0-9]*/stat 2>/dev/null; true";
  const text = execFileSync(repositoryPath("grunnmur"), ["ssh", guest, command], { encoding: "utf8" });
  const [totals = "", ...processes] = text.trim().split("\n");
  const [, user, nice, system, idle, , irq, softirq] = totals.split(/\s+/).map((value) => Number(value) / TICKS);
  const used = new Map<string, number>([
    ["(all but idle)", (user ?? 0) + (nice ?? 0) + (system ?? 0) + (irq ?? 0) + (softirq ?? 0)],
    ["(interrupts)", (irq ?? 0) + (softirq ?? 0)],
    ["(idle)", idle ?? 0],
  ]);
  for (const line of processes) {
    const { name, user, system } = fieldsOf(line);
    const process = name.replace(/\/.*/, "");
    used.set(process, (used.get(process) ?? 0) + user + system);
  }
  return used;
}

function most(before: Map<string, number>, after: Map<string, number>): [string, number][] {
  const used = [...after].map(([name, seconds]): [string, number] => [name, seconds - (before.get(name) ?? 0)]);
  const [general, processes] = [
    used.filter(([name]) => name.startsWith("(")),
    used.filter(([name]) => name[0] !== "("),
  ];
  return [...general, ...processes.sort(([, a], [, b]) => b - a).slice(0, SHOWN)];
}

function readOr(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // it has ended meanwhile
  }
}
