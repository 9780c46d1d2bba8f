import { type Standing, standing } from "../../stacks/countries";

const ALLOWED: Readonly<Record<string, readonly Standing[]>> = {
  NO: ["NO"],
  EEA: ["NO", "EEA"],
  "EEA+adequacy": ["NO", "EEA", "adequacy"],
};

/** The standings that a profile allows; none where it is no profile. */
export const allowedStandings = (profile: unknown): readonly Standing[] =>
  typeof profile === "string" && Object.hasOwn(ALLOWED, profile) ? (ALLOWED[profile] ?? []) : [];

export { standing };
