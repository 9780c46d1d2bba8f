import { X509Certificate } from "node:crypto";
import type { Stack } from "../../stacks/stack";

const SOON_DAYS = 30;
const DAY_MS = 86_400_000;

/** Something that no longer holds soon, or does not already. */
export interface Ending {
  what: string;
  /** `YYYY-MM-DD`, the last day on which it holds. */
  on: string;
  /** Negative where that day is over. */
  days: number;
}

/**
 * Entries of the register, and authorities whose certificates the state shows, that end within 30 days; the soonest first.
 *
 * @param certificates PEM by the name of what it is
 * @param today `YYYY-MM-DD`
 */
export function endings(wanted: Stack, certificates: Readonly<Record<string, string>>, today: string): Ending[] {
  const entries = [
    ...wanted.destinations.map(({ host, expires }) => ({ what: `destination ${host}`, on: expires })),
    ...wanted.administration.map(({ who, expires }) => ({ what: `administrator ${who}`, on: expires })),
    ...Object.entries(certificates).map(([name, pem]) => ({
      what: `certificate of ${name}`,
      on: new Date(new X509Certificate(pem).validTo).toISOString().slice(0, 10),
    })),
  ];
  return ending(entries, today);
}

/** Of these, what ends within 30 days or is over; the soonest first. */
export function ending(all: readonly Pick<Ending, "what" | "on">[], today: string): Ending[] {
  return all
    .map(({ what, on }) => ({ what, on, days: Math.round((Date.parse(on) - Date.parse(today)) / DAY_MS) }))
    .filter(({ days }) => days <= SOON_DAYS)
    .sort((a, b) => a.days - b.days);
}
