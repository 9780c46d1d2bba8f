/** What the writer of a wrong key or value most likely meant. */

/** Names from other tools for what the schema calls otherwise, of keys and of choices. */
const OTHER_NAMES: Record<string, string> = {
  cpu: "cores",
  cpus: "cores",
  vcpu: "cores",
  vcpus: "cores",
  ram: "memoryMiB",
  mem: "memoryMiB",
  storage: "diskGiB",
  ip: "address",
  url: "repository",
  repo: "repository",
  interval: "intervalSeconds",
  dns: "dnsServers",
  ntp: "ntpServers",
  subnet: "cidr",
  user: "sshUser",
  master: "control-plane",
  controller: "control-plane",
  controlplane: "control-plane",
  server: "control-plane",
  agent: "worker",
  node: "worker",
  dev: "development",
  prod: "production",
};

/** The one of `known` that `written` comes nearest to, or undefined if none is near. */
export function nearest(written: string, known: readonly string[]): string | undefined {
  const small = written.toLowerCase();
  const alias = OTHER_NAMES[small];
  if (alias && known.includes(alias)) return alias;
  const unitLeftOff = known.find((k) => /(MiB|GiB|Seconds)$/.test(k) && k.replace(/(MiB|GiB|Seconds)$/, "") === small);
  if (unitLeftOff) return unitLeftOff;
  const byDistance = known.map((k) => ({ k, distance: editDistance(small, k.toLowerCase()) }));
  byDistance.sort((a, b) => a.distance - b.distance);
  const best = byDistance[0];
  return best && best.distance <= Math.max(1, Math.floor(written.length / 3)) ? best.k : undefined;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next[j] = Math.min(
        at(row, j) + 1,
        at(next, j - 1) + 1,
        at(row, j - 1) + (same ? 0 : 1),
        swapped ? at(before, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    before = row;
    row = next;
  }
  return at(row, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}

const BYTES: Record<string, number> = {
  b: 1,
  k: 1e3,
  kb: 1e3,
  ki: 2 ** 10,
  kib: 2 ** 10,
  m: 1e6,
  mb: 1e6,
  mi: 2 ** 20,
  mib: 2 ** 20,
  g: 1e9,
  gb: 1e9,
  gi: 2 ** 30,
  gib: 2 ** 30,
  t: 1e12,
  tb: 1e12,
  ti: 2 ** 40,
  tib: 2 ** 40,
};
const SECONDS: Record<string, number> = { ms: 0.001, s: 1, sec: 1, seconds: 1, m: 60, min: 60, minutes: 60, h: 3600 };

/**
 * `written` (such as "4GiB" or "1m") as a number in the unit that `key` ends with (such as memoryMiB), rounded up.
 * Undefined where either has no unit. A number without a unit counts as one already in the key's.
 */
export function inUnitOf(key: string, written: unknown): number | undefined {
  const [, figure, unit] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(String(written)) ?? [];
  if (!figure) return undefined;
  if (!unit) return typeof written === "string" ? Math.ceil(Number(figure)) : undefined;
  const small = unit.toLowerCase();
  const seconds = SECONDS[small];
  const bytes = BYTES[small];
  if (key.endsWith("Seconds") && seconds) return Math.ceil(Number(figure) * seconds);
  if (key.endsWith("MiB") && bytes) return Math.ceil((Number(figure) * bytes) / 2 ** 20);
  if (key.endsWith("GiB") && bytes) return Math.ceil((Number(figure) * bytes) / 2 ** 30);
  return undefined;
}

/** For a plain number out of bounds: the same figure read in another unit, if that gives a likely value. */
export function otherUnit(key: string, value: number): string | undefined {
  if (!Number.isSafeInteger(value)) return undefined;
  if (key.endsWith("MiB") && value > 0 && value <= 256) return `If ${value} GiB is meant, write ${value * 1024}.`;
  if (key.endsWith("MiB") && value >= 2 ** 28)
    return `If ${value} bytes are meant, write ${Math.ceil(value / 2 ** 20)}.`;
  if (key.endsWith("GiB") && value >= 2 ** 30)
    return `If ${value} bytes are meant, write ${Math.ceil(value / 2 ** 30)}.`;
  if (key.endsWith("GiB") && value > 65_536) return `If ${value} MiB are meant, write ${Math.ceil(value / 1024)}.`;
  if (key.endsWith("Seconds") && value >= 1000) return `If ${value} ms are meant, write ${Math.ceil(value / 1000)}.`;
  return undefined;
}
