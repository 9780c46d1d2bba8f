import { type Markup, markup } from "./markup";

export interface Bars {
  title: string;
  unit: string;
  rows: { name: string; value: number | undefined }[];
  /** Drawn as a line, with its words; absent where nothing is asked for. */
  limit?: { value: number; words: string };
}

const NAMES = 150;
const LENGTH = 520;
const ROW = 24;

/** A bar for each row, and where there is one the limit that they are held to. */
export function bars({ title, unit, rows, limit }: Bars): Markup {
  const known = rows.flatMap(({ value }) => value ?? []);
  const most = Math.max(...known, limit?.value ?? 0) || 1;
  const x = (value: number): number => NAMES + (LENGTH * value) / most;
  const height = rows.length * ROW + 24;
  const line = limit
    ? markup`<path d="M${x(limit.value)} 0V${height - 20}" class="limit"/><text x="${x(limit.value)}" y="${height - 5}" class="tiny" text-anchor="${limit.value / most > 0.8 ? "end" : "start"}">${limit.words}</text>`
    : undefined;
  return markup`<figure><figcaption>${title}</figcaption><svg class="plot" viewBox="0 0 780 ${height}" role="img" aria-label="${title}">
${rows.map(({ name, value }, index) => {
  const y = index * ROW;
  return markup`<text x="${NAMES - 8}" y="${y + 16}" class="small" text-anchor="end">${name}</text>${
    value === undefined
      ? markup`<text x="${NAMES}" y="${y + 16}" class="tiny">not measured</text>`
      : markup`<rect x="${NAMES}" y="${y + 4}" width="${Math.max(1, x(value) - NAMES)}" height="${ROW - 9}" class="bar"/><text x="${x(value) + 6}" y="${y + 16}" class="small">${value} ${unit}</text>`
  }`;
})}${line}</svg></figure>`;
}
