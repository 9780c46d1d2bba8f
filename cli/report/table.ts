import { type Markup, markup } from "./markup";

export type Cell = string | number | Markup | null | undefined;

/** Characters of what stays on one line. */
const SHORT = 20;

/** Rows below their heads, or what says that there are none. @param long columns that hold sentences, or what may be broken anywhere */
export function table(heads: string[], rows: Cell[][], none: string, long: number[] = []): Markup {
  if (rows.length === 0) return markup`<p>${none}</p>`;
  const look = (value: Cell, column: number): string => {
    if (long.includes(column)) return "long";
    return typeof value === "string" && value.length > SHORT ? "" : "short";
  };
  const cell = (value: Cell, column: number) => markup`<td class="${look(value, column)}">${value ?? "not known"}</td>`;
  return markup`<div class="wide"><table><thead><tr>${heads.map((head) => markup`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${rows.map((row) => markup`<tr>${row.map(cell)}</tr>\n`)}</tbody></table></div>`;
}
