import type { Note } from "./report";

/** Larger files are refused: they would take longer to judge than anybody waits for a review. */
const MAX_MIB = 16;
export const MAX_BYTES = MAX_MIB * 2 ** 20;

/** One YAML document of a file, or a whole JSON file. */
export interface Piece {
  file: string;
  text: string;
  /** 1-based line of the file on which the text begins. */
  firstLine: number;
}

/** A file's text, or why it cannot be read. */
export function decode(file: string, bytes: Uint8Array): string | Note {
  if (bytes.length > MAX_BYTES) {
    return { file, line: null, reason: `the file has more than ${MAX_MIB} MiB: split it` };
  }
  const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  try {
    if (!wide) return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { file, line: invalidLine(bytes), reason: "the line is not valid UTF-8: save the file as UTF-8" };
  }
  return { file, line: 1, reason: "the file is UTF-16: save it as UTF-8" };
}

/** The first line that is not UTF-8. A line break is one byte in UTF-8 and part of no other character. */
function invalidLine(bytes: Uint8Array): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const found = bytes.indexOf(0x0a, start);
    const end = found < 0 ? bytes.length : found;
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(start, end));
    } catch {
      return line;
    }
    start = end + 1;
  }
  return line;
}

/** Takes a file apart at its `---` lines, as kubectl does: one bad document then does not hide the others. */
export function pieces(file: string, text: string): Piece[] {
  const found: Piece[] = [];
  let begin = 0;
  let firstLine = 1;
  let line = 1;
  for (let at = 0; at <= text.length; line++) {
    const newline = text.indexOf("\n", at);
    const next = newline < 0 ? text.length + 1 : newline + 1;
    if (text.startsWith("---", at) && /^(\s|$)/.test(text.slice(at + 3, at + 4))) {
      found.push({ file, text: text.slice(begin, at), firstLine });
      // What follows the marker on its line belongs to the document.
      begin = at + 3;
      firstLine = line;
    }
    at = next;
  }
  found.push({ file, text: text.slice(begin), firstLine });
  return found.filter((piece) => !isEmpty(piece.text));
}

/** Nothing but blanks, comments, directives and end markers. */
const isEmpty = (text: string): boolean => !/^(?!\s*(#|$)|%|\.\.\.)/m.test(text);
