import { isDeepStrictEqual } from "node:util";
import { isMap, isScalar, isSeq, parseDocument } from "yaml";

/**
 * A kustomization that lists one more resource, and is else as it was, byte for byte; the same text where it lists it already.
 * @throws Error where the text is written in a way that this cannot add to
 */
export function withResource(text: string, resource: string): string {
  const document = parseDocument(text);
  const root = document.contents;
  if (document.errors.length > 0 || !isMap(root)) throw new Error("it is no YAML map");
  const listed = root.get("resources", true);
  const items = isSeq(listed) ? listed.items.map((item) => (isScalar(item) ? String(item.value) : "")) : [];
  if (items.some((item) => item.replace(/^\.\/|\/$/g, "") === resource)) return text;
  const changed =
    isSeq(listed) && items.length > 0 ? afterLast(text, listed.items.at(-1), listed.flow, resource) : text;
  const wanted = { ...document.toJS(), resources: [...items, resource] };
  if (changed === text || !isDeepStrictEqual(parseDocument(changed).toJS(), wanted))
    throw new Error("its resources are no plain list with an entry");
  return changed;
}

function afterLast(text: string, last: unknown, flow: boolean | undefined, resource: string): string {
  const [start, end] = (isScalar(last) && last.range) || [];
  if (start === undefined || end === undefined) return text;
  if (flow) return `${text.slice(0, end)}, ${resource}${text.slice(end)}`;
  const line = text.lastIndexOf("\n", start - 1) + 1;
  const dash = /^\s*-\s+/.exec(text.slice(line, start))?.[0] ?? "";
  const next = text.indexOf("\n", end);
  const until = next < 0 ? text.length : next;
  const newline = text[until - 1] === "\r" ? "\r\n" : "\n";
  const at = newline === "\r\n" ? until - 1 : until;
  return `${text.slice(0, at)}${newline}${dash}${resource}${text.slice(at)}`;
}
