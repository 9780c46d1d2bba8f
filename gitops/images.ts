import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parse,
  parseAllDocuments,
  type Scalar,
  visit,
} from "yaml";

/** Characters of a text from `start` to before `end`, and what shall stand there. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

/** Where a manifest says which image runs: a container's `image`, or an entry of a kustomization's `images`. */
export interface ImagePlace {
  /** The registry's name, as it was asked for. */
  registry: string;
  /** The image's path in the registry, such as `team-a/shop`. */
  repository: string;
  /** `:TAG`, `@DIGEST` or both, as written; empty where there is neither. */
  now: string;
  /** The first is 1. */
  line: number;
  /**
   * What has to change for `:TAG` or `@DIGEST`; nothing where it says that already.
   * @throws Error with the reason where it is written so that one text cannot be put in place of another
   */
  set(wanted: string): Edit[];
}

const REFERENCE = /^([^/\s]+)\/([a-z0-9._/-]+)((?::[\w.-]+)?(?:@[a-z0-9]+:[0-9a-f]+)?)$/;
const LISTS = ["containers", "initContainers", "ephemeralContainers"];

/**
 * All places of a YAML text that name an image of these registries. Text in comments, or in what is only a value of
 * something else, such as a ConfigMap, is none.
 * @throws Error where the text is no YAML
 */
export function findImages(text: string, registries: readonly string[]): ImagePlace[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, logLevel: "silent" }) as Document[];
  const places = new Map<number, ImagePlace>();
  for (const document of documents) {
    const [error] = document.errors;
    if (error) throw new Error(error.message.split("\n")[0]);
    const real = (node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node);
    const keep = (place: Omit<ImagePlace, "line"> | undefined, at: number): void => {
      if (place && registries.includes(place.registry)) places.set(at, { ...place, line: lines.linePos(at).line });
    };
    const eachIn = (list: unknown, find: (item: unknown) => void): void => {
      const items = real(list);
      if (isSeq(items)) for (const item of items.items) find(real(item));
    };
    visit(document, {
      Pair: (_, pair) => {
        const key = isScalar(pair.key) ? String(pair.key.value) : "";
        if (LISTS.includes(key)) {
          eachIn(pair.value, (item) => {
            const image = scalar(real(under(item, "image")));
            if (image) keep(container(image, text), image.range[0]);
          });
        } else if (key === "volumes") {
          eachIn(pair.value, (item) => {
            const image = scalar(real(under(real(under(item, "image")), "reference")));
            if (image) keep(container(image, text), image.range[0]);
          });
        } else if (key === "images" && isKustomization(kindOf(document))) {
          eachIn(pair.value, (item) => {
            const name = scalar(real(under(item, "newName"))) ?? scalar(real(under(item, "name")));
            if (name) keep(entry(name, item, real, text), name.range[0]);
          });
        }
      },
    });
  }
  return [...places.values()].sort((a, b) => a.line - b.line);
}

/** The text with these edits, and else as it was. One that is there twice, as of an anchor with two uses, is made once. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const once = [...new Map(edits.map((edit) => [edit.start, edit])).values()].sort((a, b) => b.start - a.start);
  return once.reduce((all, { start, end, text: to }) => all.slice(0, start) + to + all.slice(end), text);
}

const kindOf = ({ contents }: Document): unknown => (isMap(contents) ? contents.get("kind") : null);

/** Kustomize takes a file of its name without a kind. */
const isKustomization = (kind: unknown): boolean =>
  kind === undefined || kind === "Kustomization" || kind === "Component";

type Text = Scalar<string> & { range: [number, number, number] };

const scalar = (node: unknown): Text | undefined =>
  isScalar(node) && typeof node.value === "string" && node.range ? (node as Text) : undefined;

const pairOf = (map: unknown, key: string): Pair | undefined =>
  isMap(map) ? map.items.find((pair) => isScalar(pair.key) && pair.key.value === key) : undefined;

const under = (map: unknown, key: string): unknown => pairOf(map, key)?.value;

function container(image: Text, text: string): Omit<ImagePlace, "line"> | undefined {
  const [, registry = "", repository = "", now = ""] = REFERENCE.exec(image.value) ?? [];
  if (repository === "") return undefined;
  return {
    registry,
    repository,
    now,
    set: (wanted) => {
      if (says(now, wanted)) return [];
      const [start, end] = image.range;
      const at = text.slice(start, end).indexOf(image.value);
      if (at < 0) throw new Error("its image is written with escapes or over several lines: write it plainly first");
      const until = start + at + image.value.length;
      return [{ start: until - now.length, end: until, text: wanted }];
    },
  };
}

function entry(name: Text, item: unknown, real: (node: unknown) => unknown, text: string) {
  const [, registry = "", repository = "", tagged = ""] = REFERENCE.exec(name.value) ?? [];
  if (repository === "" || tagged !== "") return undefined;
  const [tag, digest] = ["newTag", "digest"].map((key) => pairOf(item, key));
  const written = (pair: Pair | undefined): string | undefined => {
    const node = real(pair?.value);
    return isScalar(node) && node.range
      ? text.slice(node.range[0], node.range[1]).replace(/^(["'])(.*)\1$/, "$2")
      : undefined;
  };
  const now = `${tag ? `:${written(tag)}` : ""}${digest ? `@${written(digest)}` : ""}`;
  return {
    registry,
    repository,
    now,
    set: (wanted: string): Edit[] => {
      if (says(now, wanted)) return [];
      if (tag && digest) throw new Error("it has both newTag and digest: leave one of them");
      const pair = tag ?? digest;
      const [key, value] = [pair?.key, real(pair?.value)];
      if (!isScalar(key) || !isScalar(value) || !key.range || !value.range || written(pair) === "")
        throw new Error("it has neither newTag nor digest: write one of them first");
      const asked = wanted.startsWith("@") ? "digest" : "newTag";
      const edits = [
        { start: value.range[0], end: value.range[1], text: quotedAs(text[value.range[0]], wanted.slice(1)) },
      ];
      return key.value === asked ? edits : [{ start: key.range[0], end: key.range[1], text: asked }, ...edits];
    },
  };
}

/** A tag beside its digest is as good as the tag alone. */
const says = (now: string, wanted: string): boolean =>
  now === wanted || (wanted.startsWith("@") ? now.endsWith(wanted) : now.startsWith(`${wanted}@`));

/** In the quotes that stand there; in some where a reader could take the text for a number or a date. */
function quotedAs(first: string | undefined, value: string): string {
  if (first === '"' || first === "'") return `${first}${value}${first}`;
  const isText = (["1.1", "1.2"] as const).every((version) => typeof parse(value, { version }) === "string");
  return isText ? value : `"${value}"`;
}
