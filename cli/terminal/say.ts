/** What a person reads. It goes to standard error, so that standard output holds results only. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A result: what a pipe would want. */
export function print(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}
