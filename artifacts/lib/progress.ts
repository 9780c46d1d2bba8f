/** What long work reports: one line when an artifact is begun, one when it is done, and signs of life between. */
export interface Progress {
  start(artifact: string, what: string): void;
  /** A sign of life in work that takes long. */
  beat(artifact: string, seconds: number, text: string): void;
  done(artifact: string, seconds: number): void;
  /** One plain sentence that the reader should know. */
  note(text: string): void;
}

/** Writes to stderr, so that standard output stays for results. */
export const terminalProgress: Progress = {
  start: (artifact, what) => line(`${artifact}: ${what}`),
  beat: (artifact, seconds, text) => line(`${artifact}: ${Math.round(seconds)} s, ${text}`),
  done: (artifact, seconds) => line(`${artifact}: done in ${seconds.toFixed(1)} s`),
  note: (text) => line(text),
};

function line(text: string): void {
  process.stderr.write(`  ${text}\n`);
}
