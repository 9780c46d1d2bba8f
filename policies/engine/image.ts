/**
 * Image references, read as container runtimes read them (the grammar of github.com/distribution/reference).
 * The host is the part before the first slash only where it looks like one; a colon after the last slash begins a tag,
 * one before it a port.
 */
export interface ImageReference {
  /** Lower case, without a port. `docker.io` where none is written. */
  host: string;
  /** "" where none is written. */
  port: string;
  path: string;
  /** "" where none is written: runtimes then take `latest`. */
  tag: string;
  /** "" or `algorithm:hex` */
  digest: string;
}

export class ImageError extends Error {
  constructor(text: string, wanted: string) {
    super(`${JSON.stringify(text)} is not an image reference: ${wanted}`);
    this.name = "ImageError";
  }
}

const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const HOST =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:]+\])$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-f]{32,}$/;

/** @throws ImageError */
export function parseImage(text: string): ImageReference {
  const [named = "", ...digests] = text.split("@");
  const [digest = ""] = digests;
  if (digests.length > 1 || (digests.length === 1 && !DIGEST.test(digest))) {
    throw new ImageError(text, "after @ comes one digest such as sha256:… with 64 hexadecimal digits");
  }
  const slash = named.indexOf("/");
  const first = named.slice(0, Math.max(slash, 0));
  const hosted = isHost(first);
  const { host, port } = splitHost(hosted ? first : "docker.io", text);
  const rest = hosted ? named.slice(slash + 1) : named;
  const colon = rest.indexOf(":", rest.lastIndexOf("/") + 1);
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const tag = colon < 0 ? "" : rest.slice(colon + 1);
  if (!PATH.test(path)) throw new ImageError(text, "a path is lower case letters and digits, parted by / . _ -");
  if (colon >= 0 && !TAG.test(tag)) throw new ImageError(text, "a tag is letters, digits, _ . -, 128 at most");
  return { host, port, path, tag, digest };
}

/** A first part that could not be part of a path is a host. */
const isHost = (first: string): boolean => /[.:]/.test(first) || first === "localhost" || /[A-Z]/.test(first);

function splitHost(text: string, image: string): { host: string; port: string } {
  const [, name = "", port = ""] = /^(\[.*\]|[^:]*)(?::([0-9]+))?$/.exec(text) ?? [];
  if (!HOST.test(name)) throw new ImageError(image, "a host is a DNS name or an address, perhaps with a port");
  return { host: name.toLowerCase(), port };
}

/**
 * The same in CEL, for rules: an expression over the text `image`. A rule binds it, for instance
 * `[container.image].all(image, <expression>)`, and writes these out, since its text stands alone.
 */
export const IMAGE_IN_CEL = {
  /** Host and port as written, in lower case; `docker.io` where there is none. */
  authority: [
    "image.split('@')[0].matches('^([^/]*[.:A-Z][^/]*|localhost)/')",
    "? image.split('/')[0].lowerAscii() : 'docker.io'",
  ].join(" "),
  hasTag: "image.split('@')[0].matches('(^|/)[^/:]+:[^/:]+$')",
  hasDigest: "image.matches('@[a-z0-9]+([+._-][a-z0-9]+)*:[0-9a-f]{32,}$')",
} as const;

/**
 * Whether an image comes from a registry. The port counts, but 443 is the same as none.
 * @param registry host, perhaps with a port
 */
export function isFrom(image: string, registry: string): boolean {
  const reference = parseImage(image);
  const wanted = splitHost(registry, registry);
  const port = (value: string) => (value === "" ? "443" : value);
  return reference.host === wanted.host.toLowerCase() && port(reference.port) === port(wanted.port);
}
