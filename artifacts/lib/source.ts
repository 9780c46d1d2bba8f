import { Unavailable } from "./download";

export type Source = "release" | "build";

const allowed = ["auto", "release", "build"];

/** False once a release site did not answer in this run: asking again would cost the connect timeout each time. */
let releaseSitesAnswer = true;

/**
 * Gets a thing as `GRUNNMUR_SOURCE` says: `release` downloads, `build` compiles, `auto` (the default) downloads and
 * compiles what cannot be had. A wrong digest is never a reason to compile: it stops the run.
 * @param release undefined where upstream offers no download
 * @returns which of the two it became
 */
export async function fromEither(
  release: (() => Promise<void>) | undefined,
  build: () => Promise<void>,
  note: (text: string) => void,
): Promise<Source> {
  const wanted = process.env.GRUNNMUR_SOURCE || "auto";
  if (!allowed.includes(wanted)) {
    throw new Error(`GRUNNMUR_SOURCE is "${wanted}"; it may be ${allowed.join(", ")}`);
  }
  if (release && (wanted === "release" || (wanted === "auto" && releaseSitesAnswer))) {
    try {
      await release();
      return "release";
    } catch (error) {
      if (wanted === "release" || !(error instanceof Unavailable)) throw error;
      releaseSitesAnswer = error.siteAnswered;
      const all = error.siteAnswered ? "" : ", as all that follows";
      note(`no official download (${error.message}); compiling from published Go modules instead${all}`);
    }
  }
  await build();
  return "build";
}

/** Forgets which sites did not answer: for tests. */
export function forgetAnswers(): void {
  releaseSitesAnswer = true;
}
