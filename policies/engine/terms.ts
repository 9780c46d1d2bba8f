/** Words of the rule format, apart from its schema, so that reading them does not load the schema library. */

export const GATES = ["crossguard", "check", "admission"] as const;
export type Gate = (typeof GATES)[number];

export const CATEGORIES = ["resource-limits", "tenant-isolation", "gdpr-data-locality"] as const;
export type Category = (typeof CATEGORIES)[number];

/** Lists that `each` knows by name; all others are written out as CEL. */
export const NAMED_LISTS = ["containers", "images", "volumes"] as const;
export type NamedList = (typeof NAMED_LISTS)[number];

/** What the API server asks a rule about. */
export const OPERATIONS = ["CREATE", "UPDATE", "DELETE", "CONNECT"] as const;
