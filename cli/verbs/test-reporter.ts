import { Readable } from "node:stream";
import { spec, type TestEvent } from "node:test/reporters";

/** Node's own report for people, and after it one line with the count: what a log is looked at for. */
async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const counts = new Map<string, number>();
  async function* counted() {
    for await (const event of events) {
      // At the end the runner tells each count as a message of its own.
      const [, name, count] = (event.type === "test:diagnostic" && /^([a-z]+) (\d+)$/.exec(event.data.message)) || [];
      if (name !== undefined) counts.set(name, Number(count));
      yield event;
    }
  }
  for await (const text of Readable.from(counted()).pipe(new spec())) yield String(text);
  const count = (name: string) => counts.get(name) ?? 0;
  yield `${count("tests")} tests: ${count("pass")} passed, ${count("fail") + count("cancelled")} failed, ${count("skipped")} skipped\n`;
}

// As the runner loads it: one function, not a module of them.
export = report;
