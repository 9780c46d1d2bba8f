import type { Readable } from "node:stream";

/** Which of a command's streams may be shown. The words of the official provider. */
export type Logging = "stdout" | "stderr" | "stdoutAndStderr" | "none";
export const loggings: Logging[] = ["stdout", "stderr", "stdoutAndStderr", "none"];

type Stream = "stdout" | "stderr";
const tailLines = 30;
const longestLine = 2000;

/** What a running command writes: shown line by line where allowed, and kept whole. */
export class Transcript {
  private readonly texts: Record<Stream, string> = { stdout: "", stderr: "" };
  private readonly unfinished: Record<Stream, string> = { stdout: "", stderr: "" };

  constructor(
    private readonly logging: Logging,
    private readonly show: (line: string) => void,
  ) {}

  attach(stream: Stream, source: Readable): void {
    source.setEncoding("utf8");
    source.on("data", (chunk: string) => this.take(stream, chunk));
    source.on("end", () =>
      this.showLines(
        stream,
        [this.unfinished[stream]].filter((line) => line !== ""),
      ),
    );
  }

  take(stream: Stream, chunk: string): void {
    this.texts[stream] += chunk;
    const lines = (this.unfinished[stream] + chunk).split("\n");
    this.unfinished[stream] = lines.pop() ?? "";
    this.showLines(stream, lines);
  }

  /** The whole of both streams, each without its last line end, as the official provider gives them. */
  result(): { stdout: string; stderr: string } {
    return { stdout: this.texts.stdout.replace(/\n$/, ""), stderr: this.texts.stderr.replace(/\n$/, "") };
  }

  /** The end of what may be shown, standard error before standard output, for an error message. */
  tail(): string {
    const stream = (["stderr", "stdout"] as const).find((one) => this.shows(one) && this.texts[one].trim() !== "");
    if (stream !== undefined) return this.texts[stream].trimEnd().split("\n").slice(-tailLines).join("\n");
    return this.logging === "stdoutAndStderr"
      ? "(it wrote nothing)"
      : `(its output is not shown: \`logging\` is "${this.logging}")`;
  }

  private showLines(stream: Stream, lines: string[]): void {
    if (!this.shows(stream)) return;
    for (const line of lines) this.show(line.slice(0, longestLine));
  }

  private shows(stream: Stream): boolean {
    return this.logging === "stdoutAndStderr" || this.logging === stream;
  }
}
