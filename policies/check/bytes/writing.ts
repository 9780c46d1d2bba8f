import type { Value } from "./manifests";
import type { Random } from "./random";

/** Writes the documents of a file in any of the forms that YAML and JSON have for them. */
export function written(documents: readonly Value[], random: Random): string {
  if (random.chance(0.15)) {
    const space = random.pick([0, 1, 2]);
    return documents.map((value) => JSON.stringify(value, null, space)).join(random.pick(["", " ", "\n", "\n---\n"]));
  }
  const begin = random.pick(["", "", "---\n", "--- # a\n", "# a\n", "# a\n---\n"]);
  return (
    begin + documents.map((value) => new Writer(random).document(value)).join(random.pick(["---\n", "---\n", "--- \n"]))
  );
}

class Writer {
  private readonly step: number;
  private readonly oddness: number;
  private anchors = 0;

  constructor(private readonly random: Random) {
    this.step = random.pick([1, 2, 2, 2, 4]);
    this.oddness = random.pick([0, 0, 0.05, 0.2]);
  }

  document(value: Value): string {
    if (this.odd()) return `${this.flow(value)}\n`;
    return this.block(value, 0).replace(/^\n/, "");
  }

  private odd(): boolean {
    return this.random.chance(this.oddness);
  }

  /** What stands behind a key's colon or an item's dash, with its line's end. */
  private block(value: Value, indent: number): string {
    const marks = this.properties(value);
    if (!isNested(value) || this.odd()) return ` ${marks}${this.inline(value, indent)}\n`;
    const pad = " ".repeat(indent);
    if (Array.isArray(value)) {
      return `${marks && ` ${marks}`}\n${value.map((item) => `${pad}-${this.item(item, indent)}`).join("")}`;
    }
    const entries = Object.entries(value).map(([key, inner]) => {
      const below = indent + (Array.isArray(inner) && this.random.chance(0.3) ? 0 : this.step);
      if (this.odd()) return `${pad}? ${this.key(key)}\n${pad}:${this.block(inner, indent + this.step)}`;
      return `${pad}${this.key(key)}:${this.block(inner, below)}`;
    });
    return `${marks && ` ${marks}`}\n${entries.join("")}`;
  }

  private item(item: Value, indent: number): string {
    const text = this.block(item, indent + 2);
    // The first key stands behind the dash.
    return isNested(item) && text.startsWith("\n") && !this.odd() ? ` ${text.slice(1 + indent + 2)}` : text;
  }

  private properties(value: Value): string {
    if (!this.odd()) return "";
    if (this.random.chance(0.4)) return `&a${++this.anchors} `;
    const own = Array.isArray(value)
      ? "!!seq "
      : isNested(value)
        ? "!!map "
        : typeof value === "string"
          ? "!!str "
          : "";
    return this.random.pick([own, own, "! ", "!a ", "!!set ", "!!binary ", "!<tag:yaml.org,2002:str> "]);
  }

  private inline(value: Value, indent: number): string {
    if (isNested(value)) return this.flow(value);
    if (typeof value === "string" && /\n/.test(value) && this.random.chance(0.7)) return this.literal(value, indent);
    return this.scalar(value);
  }

  private literal(value: string, indent: number): string {
    const pad = " ".repeat(indent + 1);
    const head = this.random.pick(["|", ">", "|-", ">-", "|+", ">+"]);
    return `${head}\n${value.replace(/\n$/, "").replace(/^/gm, pad)}`;
  }

  private flow(value: Value): string {
    if (Array.isArray(value))
      return this.bracketed(
        "[",
        value.map((item) => this.flow(item)),
        "]",
      );
    if (!isNested(value)) return this.scalar(value);
    const entries = Object.entries(value).map(([key, inner]) => `${this.key(key)}: ${this.flow(inner)}`);
    return this.bracketed("{", entries, "}");
  }

  private bracketed(open: string, parts: readonly string[], close: string): string {
    const gap = () => this.random.pick(this.odd() ? ["\n", "\n  ", " # a\n ", "\t", "\n\t"] : ["", " "]);
    const last = this.odd() ? "," : "";
    return `${open}${gap()}${parts.join(`,${gap()}`)}${last}${gap()}${close}`;
  }

  private key(text: string): string {
    return /^[A-Za-z][\w-]*$/.test(text) && !this.odd() ? text : JSON.stringify(text);
  }

  private scalar(value: Value): string {
    if (typeof value !== "string")
      return this.odd() ? this.random.pick(["True", "no", "~", "1_0", "0b1", "+1", ".5"]) : String(value);
    const simple = /^[A-Za-z][\w./:-]*$/.test(value) && !/:$/.test(value);
    switch (this.odd() ? this.random.below(5) : simple ? 0 : 1) {
      case 0:
        return value === "" ? '""' : value;
      case 1:
        return JSON.stringify(value);
      case 2:
        return `'${value.replaceAll("'", "''")}'`;
      case 3:
        return JSON.stringify(value).replace(/[a-z]/, (letter) => `\\x${letter.charCodeAt(0).toString(16)}`);
      default:
        return JSON.stringify(value).replace(/(?<!\\)([a-z])/, this.random.pick(["$1\\\n   ", "$1\n\n", "$1\n"]));
    }
  }
}

const isNested = (value: Value): value is Value[] | { [key: string]: Value } =>
  value !== null && typeof value === "object";
