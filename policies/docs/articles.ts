/** Articles of the General Data Protection Regulation that rules name, by their own headings. */
const HEADINGS: Readonly<Record<number, string>> = {
  5: "Principles relating to processing of personal data",
  9: "Processing of special categories of personal data",
  17: "Right to erasure",
  24: "Responsibility of the controller",
  25: "Data protection by design and by default",
  28: "Processor",
  29: "Processing under the authority of the controller or processor",
  30: "Records of processing activities",
  32: "Security of processing",
  33: "Notification of a breach to the supervisory authority",
  35: "Data protection impact assessment",
  44: "General principle for transfers",
  45: "Transfers on the basis of an adequacy decision",
  46: "Transfers subject to appropriate safeguards",
  48: "Transfers or disclosures not authorised by Union law",
  49: "Derogations for specific situations",
};

/** `32(1)(b)` is part of 32. */
export const numberOf = (article: string): number => Number.parseInt(article, 10);

/** @throws where the heading is not known, so that a new article gets one */
export function heading(article: string): string {
  const found = HEADINGS[numberOf(article)];
  if (found === undefined) {
    throw new Error(`article ${article} has no heading; add it to policies/docs/articles.ts`);
  }
  return found;
}

/** In the order of the regulation. */
export function inOrder(articles: Iterable<string>): string[] {
  return [...new Set(articles)].sort((a, b) => numberOf(a) - numberOf(b) || a.localeCompare(b));
}
