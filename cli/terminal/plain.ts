// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
export const UNSEEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/**
 * A text that somebody else has written, such as a commit's subject or a container's log, on one line: nothing in it moves a
 * terminal's cursor or hides. Longer than `characters` it is cut, and ends in `…`.
 */
export function plain(text: string, characters = 600): string {
  const line = text.replace(/\s+/g, " ").replace(UNSEEN, "\ufffd").trim();
  return line.length > characters ? `${line.slice(0, characters - 1)}…` : line;
}
