/** One object to judge, and where it was found. */
export interface Document {
  /** The object as read: plain JSON data, with `Unknown` (policies/cel/unknown) where a value is not known yet. */
  object: Record<string, unknown>;
  file?: string;
  /** 1-based line where the object begins in `file`. */
  line?: number;
  /** Where it came from if not from a file, e.g. the URN of a Pulumi resource. */
  source?: string;
  /** An administrator's program makes it: rules for what tenants ask for are not about it. */
  byProgram?: boolean;
}

export interface Identity {
  apiVersion: string;
  group: string;
  kind: string;
  /** "" for cluster-scoped objects and where none is written. */
  namespace: string;
  name: string;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

export function identity(object: Record<string, unknown>): Identity {
  const apiVersion = text(object.apiVersion);
  const slash = apiVersion.indexOf("/");
  const metadata = (object.metadata ?? {}) as Record<string, unknown>;
  return {
    apiVersion,
    group: slash < 0 ? "" : apiVersion.slice(0, slash),
    kind: text(object.kind),
    namespace: text(metadata.namespace),
    name: text(metadata.name) || text(metadata.generateName),
  };
}

/** Nested lists are legal; deeper than this is hostile. */
const MAX_LIST_DEPTH = 8;

/** Takes `List` objects apart (`v1/List`, `apps/v1/DeploymentList`, …): each item is judged by itself. */
export function flatten(document: Document, depth = 0): Document[] {
  const { object } = document;
  const kind = text(object.kind);
  if (!kind.endsWith("List") || !Array.isArray(object.items)) return [document];
  if (depth >= MAX_LIST_DEPTH) {
    throw new Error(`lists inside lists, more than ${MAX_LIST_DEPTH} deep: write the objects out`);
  }
  const itemKind = kind.slice(0, -"List".length);
  return object.items.flatMap((item) => {
    if (item === null || typeof item !== "object" || Array.isArray(item)) return [];
    // The items of a typed list may leave their kind out.
    const typed = itemKind === "" ? item : { apiVersion: object.apiVersion, kind: itemKind, ...item };
    return flatten({ ...document, object: typed }, depth + 1);
  });
}
