/**
 * One line that a terminal and a CI log only show: names and messages repeat what a manifest says, and a manifest can
 * hold line breaks, escape sequences, marks that turn text around, and what XML cannot say.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu;
