/** For tests: what is printed and said while something runs. The test runner's own reports, which are bytes, go through. */
export async function streamsOf(work: () => Promise<unknown>): Promise<{ out: string; said: string }> {
  const streams = { out: "", said: "" };
  const restore = [
    divert(process.stdout, (text) => (streams.out += text)),
    divert(process.stderr, (text) => (streams.said += text)),
  ];
  try {
    await work();
  } finally {
    for (const step of restore) step();
  }
  return streams;
}

function divert(stream: NodeJS.WriteStream, take: (text: string) => void): () => void {
  const { write } = stream;
  stream.write = ((chunk: string | Uint8Array, ...rest: never[]): boolean => {
    if (typeof chunk !== "string") return write.call(stream, chunk, ...rest);
    take(chunk);
    return true;
  }) as typeof write;
  return () => {
    stream.write = write;
  };
}
