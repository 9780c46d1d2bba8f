import { boolYaml11Tag, CORE_SCHEMA, intYaml11Tag, loadAll, mergeTag, NOT_RESOLVED, YAMLException } from "js-yaml";
import type { Note } from "./report";
import type { Piece } from "./text";

/** Plain scalars as kubectl reads them: `yes` and `NO` are booleans, `017` is octal; a date stays a text. */
const SCHEMA = CORE_SCHEMA.withTags(mergeTag, boolYaml11Tag, {
  ...intYaml11Tag,
  // Not 90: kubectl leaves out that YAML 1.1 counts by sixties.
  resolve: (source, ...more) => (source.includes(":") ? NOT_RESOLVED : intYaml11Tag.resolve(source, ...more)),
});
const MAX_DEPTH = 200;
const MAX_ALIASES = 1000;
/** Values that aliases may add to those that are written. */
const MAX_ADDED = 100_000;

/** The documents of a piece (there is one, unless `...` parts it), or why it cannot be read. */
export function parse(piece: Piece): { values: unknown[] } | { passedOver: Note } | { unread: Note } {
  try {
    const values = loadAll(piece.text, { schema: SCHEMA, maxDepth: MAX_DEPTH, maxAliases: MAX_ALIASES });
    const added = values.reduce((sum: number, value) => sum + addedByAliases(value), 0);
    if (added > MAX_ADDED) return { unread: note(piece, 0, `aliases make it more than ${MAX_ADDED} values larger`) };
    return { values };
  } catch (error) {
    const line = error instanceof YAMLException ? (error.mark?.line ?? 0) : 0;
    const template = piece.text.indexOf("{{");
    if (template >= 0) {
      const above = piece.text.slice(0, template).split("\n").length - 1;
      return {
        passedOver: note(piece, above, "a template ({{ … }}), and not YAML before it is rendered: check its output"),
      };
    }
    return { unread: note(piece, line, `not readable as YAML or JSON: ${reasonOf(error)}`) };
  }
}

function note({ file, firstLine }: Piece, line: number, reason: string): Note {
  return { file, line: firstLine + line, reason };
}

function reasonOf(error: unknown): string {
  if (error instanceof YAMLException) return error.reason;
  return error instanceof Error ? (error.message.split("\n", 1)[0] ?? "") : String(error);
}

/** How many more values there are once every alias is written out. Shared values are counted once, then multiplied. */
function addedByAliases(root: unknown): number {
  const sizes = new Map<object, number>();
  let written = 0;
  const sizeOf = (value: unknown): number => {
    if (value === null || typeof value !== "object") return 1;
    const known = sizes.get(value);
    if (known !== undefined) return known;
    let size = 1;
    let own = 1;
    for (const item of Object.values(value)) {
      size += sizeOf(item);
      if (item === null || typeof item !== "object") own++;
    }
    written += own;
    sizes.set(value, size);
    return size;
  };
  return sizeOf(root) - written;
}
