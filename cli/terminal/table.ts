import { stripVTControlCharacters } from "node:util";
import wrap from "wrap-ansi";

/** Colour codes have none. */
const width = (text: string): number => stripVTControlCharacters(text).length;
/** A last column that is narrower goes below its line. */
const NARROW = 24;

export interface TableOptions {
  /** Titles of the columns that are right-aligned. */
  right?: string[];
  /** Width of the terminal; absent off a terminal, where a line is a row. */
  columns?: number | undefined;
}

/**
 * Lines of a table whose columns are padded to their widest cell. Where a terminal is narrower, what the last cell of a row says
 * goes on under itself, and lower down where that would leave it no room.
 */
export function table(header: string[], rows: string[][], { right = [], columns }: TableOptions = {}): string[] {
  const widths = header.map((title, i) => Math.max(width(title), ...rows.map((row) => width(row[i] ?? ""))));
  const before = widths.slice(0, -1).reduce((sum, one) => sum + one + 2, 0);
  const line = (cells: string[]): string =>
    header
      .map((title, i) => {
        const cell = cells[i] ?? "";
        const pad = " ".repeat((widths[i] ?? 0) - width(cell));
        return right.includes(title) ? pad + cell : cell + pad;
      })
      .join("  ")
      .trimEnd();
  const fitted = (cells: string[]): string => {
    const whole = line(cells);
    if (columns === undefined || width(whole) <= columns) return whole;
    const [first, last] = [line(cells.slice(0, -1)), cells[header.length - 1] ?? ""];
    if (columns - before < NARROW) return `${first}\n${hanging(last, 4, columns)}`;
    return first.padEnd(before + first.length - width(first)) + hanging(last, before, columns).trimStart();
  };
  return [fitted(header), ...rows.map(fitted)];
}

/** A text with so many spaces in front of each line; in lines that fit a terminal, where that is known. */
export function hanging(text: string, indent: number, columns?: number): string {
  const lines = columns === undefined ? text : wrap(text, Math.max(columns - indent, 10), { hard: true });
  return lines.replace(/^/gm, " ".repeat(indent));
}
