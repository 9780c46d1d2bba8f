/** A value as one word of a POSIX shell. */
export const quote = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`;

/** Lines for `eval`: one `export NAME='value'` a variable. */
export function exportLines(variables: Record<string, string>): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}=${quote(value)}\n`)
    .join("");
}
