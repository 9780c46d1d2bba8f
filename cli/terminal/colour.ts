type Paint = (text: string) => string;

const CODES = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 } as const;

/** Painters for one stream: identity where the stream is no terminal or `NO_COLOR` (https://no-color.org) is set. */
export function colours(stream: { isTTY?: boolean }, environment = process.env): Record<keyof typeof CODES, Paint> {
  const on = stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== "dumb";
  const paint =
    (code: number): Paint =>
    (text) =>
      on ? `\u001b[${code}m${text}\u001b[0m` : text;
  return {
    red: paint(CODES.red),
    green: paint(CODES.green),
    yellow: paint(CODES.yellow),
    bold: paint(CODES.bold),
    dim: paint(CODES.dim),
  };
}
