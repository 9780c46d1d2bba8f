import { manifest } from "./manifests";
import { MUTATIONS } from "./mutations";
import { Random } from "./random";
import { written } from "./writing";

export interface Generated {
  /** With what it was asked for: the same names the same content. */
  name: string;
  content: Uint8Array;
  /** What was done to it. */
  mutations: string[];
}

const NAMES = Object.keys(MUTATIONS);

/** The file of a number. What comes of it depends on the seed and the number alone. */
export function generate(seed: number, number: number): Generated {
  const random = new Random(Math.imul(seed, 1_000_003) + number);
  const mark = `x${number}`;
  let text = written(manifest(random, mark), random);
  // Each change is the first of some file; more than a few leave nothing to read.
  const mutations = random.chance(0.08) ? [] : [NAMES[number % NAMES.length] as string];
  while (mutations.length > 0 && random.chance(0.35)) mutations.push(random.pick(NAMES));
  for (const name of mutations) text = MUTATIONS[name]?.(text, random) ?? text;
  const extension = random.pick(["yaml", "yaml", "yaml", "yml", "json"]);
  const { encoding, content } = encoded(text, random);
  if (encoding) mutations.push(encoding);
  return { name: `${mark}.${extension}`, content, mutations };
}

function encoded(text: string, random: Random): { encoding?: string; content: Uint8Array } {
  switch (random.below(60)) {
    case 0:
      return { encoding: "UTF-16 with a mark", content: Buffer.from(`\ufeff${text}`, "utf16le") };
    case 1:
      return { encoding: "UTF-16 without a mark", content: Buffer.from(text, "utf16le") };
    case 2:
      return { encoding: "UTF-16, high byte first", content: Buffer.from(`\ufeff${text}`, "utf16le").swap16() };
    case 3:
      return { encoding: "ISO 8859-1", content: Buffer.from(`${text}# é\n`, "latin1") };
    default:
      return { content: Buffer.from(text, "utf8") };
  }
}
