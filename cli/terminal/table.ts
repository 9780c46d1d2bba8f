// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes have no width
const COLOUR = /\u001b\[\d+m/g;
const width = (text: string): number => text.replace(COLOUR, "").length;

/** Lines of a table whose columns are padded to their widest cell. Columns named in `right` are right-aligned. */
export function table(header: string[], rows: string[][], right: string[] = []): string[] {
  const widths = header.map((title, i) => Math.max(width(title), ...rows.map((row) => width(row[i] ?? ""))));
  const line = (cells: string[]): string =>
    header
      .map((title, i) => {
        const cell = cells[i] ?? "";
        const pad = " ".repeat((widths[i] ?? 0) - width(cell));
        return right.includes(title) ? pad + cell : cell + pad;
      })
      .join("  ")
      .trimEnd();
  return [line(header), ...rows.map(line)];
}
