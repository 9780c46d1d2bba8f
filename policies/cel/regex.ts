import type { RE2JS } from "re2js";

/** RE2 regular expressions: linear time, and the same language as in the API server. */
const compiled = new Map<string, RE2JS>();

export function regex(pattern: string): RE2JS {
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    // Loaded when first used: it is the largest library here and few rules need it.
    expression = (require("re2js") as typeof import("re2js")).RE2JS.compile(pattern);
    compiled.set(pattern, expression);
  }
  return expression;
}

export function matches(text: string, pattern: string): boolean {
  return regex(pattern).matcher(text).find();
}

export function find(text: string, pattern: string): string {
  const matcher = regex(pattern).matcher(text);
  return matcher.find() ? (matcher.group() ?? "") : "";
}

/** All matches that do not overlap; an empty one right after another match does not count, as in Go. */
export function findAll(text: string, pattern: string, limit = -1n): string[] {
  const most = limit < 0n ? Number.POSITIVE_INFINITY : Number(limit);
  const matcher = regex(pattern).matcher(text);
  const found: string[] = [];
  let end = -1;
  while (found.length < most && matcher.find()) {
    if (matcher.end() === matcher.start() && matcher.start() === end) continue;
    end = matcher.end();
    found.push(matcher.group() ?? "");
  }
  return found;
}
