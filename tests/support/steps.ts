import type { TestContext } from "node:test";

export type Step = (name: string, run: (t: TestContext) => Promise<void>) => Promise<void>;

/** Steps of one test. One that failed makes those after it meaningless, and ends the test. */
export function stepsOf(t: TestContext): Step {
  return async (name, run) => {
    let failure: unknown;
    await t.test(name, (context) =>
      run(context).catch((error) => {
        failure = error;
        throw error;
      }),
    );
    if (failure) throw failure;
  };
}
