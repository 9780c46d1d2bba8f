/**
 * Request URIs as Go's `net/url` parses them, for CEL's `url` library: an absolute URI or an absolute path.
 * JavaScript's own `URL` would mend what Go refuses, and so give another verdict than the API server.
 */
export class Url {
  private constructor(
    readonly scheme: string,
    readonly host: string,
    readonly path: string,
    readonly query: string,
  ) {}

  /** @throws UrlError */
  static parse(text: string): Url {
    Url.checkRequest(text);
    // Read a second time, as upstream does: the request form knows no fragment, and no host without a scheme.
    return parts(text.replace(/#.*$/s, ""), false, faultIn(text));
  }

  /** Refuses what is neither an absolute URI nor an absolute path. */
  static checkRequest(text: string): void {
    const fault = faultIn(text);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
    if (text === "" || /[\u0000-\u001f\u007f]/.test(text)) fault("an absolute URL without control characters");
    parts(text, true, fault);
  }

  static of(fields: { scheme: string; host: string; path: string; query: string }): Url {
    return new Url(fields.scheme, fields.host, fields.path, fields.query);
  }

  get hostname(): string {
    const bracketed = /^\[(.*)\](?::[0-9]*)?$/.exec(this.host);
    return bracketed?.[1] ?? this.host.replace(/:[0-9]*$/, "");
  }

  get port(): string {
    return /:([0-9]*)$/.exec(this.host)?.[1] ?? "";
  }

  get escapedPath(): string {
    return /^[A-Za-z0-9\-_.~!$&'()*+,;=:@/[\]%]*$/.test(this.path) ? this.path : escaped(unescaped(this.path));
  }

  /** Keys and values unescaped; a key's values in order. */
  get queryValues(): Map<string, string[]> {
    const values = new Map<string, string[]>();
    for (const pair of this.query.split("&")) {
      if (pair === "" || pair.includes(";")) continue;
      const cut = pair.indexOf("=");
      const [key, value] = cut < 0 ? [pair, ""] : [pair.slice(0, cut), pair.slice(cut + 1)];
      if (!escapesAreWhole(key) || !escapesAreWhole(value)) continue;
      const name = unescaped(key.replaceAll("+", " "));
      values.set(name, [...(values.get(name) ?? []), unescaped(value.replaceAll("+", " "))]);
    }
    return values;
  }
}

export class UrlError extends Error {
  constructor(text: string, wanted: string) {
    super(`${JSON.stringify(text)} is not ${wanted}`);
    this.name = "UrlError";
  }
}

type Fault = (wanted: string) => never;

const faultIn =
  (text: string): Fault =>
  (wanted) => {
    throw new UrlError(text, wanted);
  };

function parts(text: string, request: boolean, fault: Fault): Url {
  if (text === "*") return Url.of({ scheme: "", host: "", path: "*", query: "" });
  if (text.startsWith(":")) fault("a URL: its scheme is missing");
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1] ?? "";
  const afterScheme = scheme === "" ? text : text.slice(scheme.length + 1);
  const cut = afterScheme.indexOf("?");
  const rest = cut < 0 ? afterScheme : afterScheme.slice(0, cut);
  const query = cut < 0 ? "" : afterScheme.slice(cut + 1);
  if (!rest.startsWith("/")) {
    if (scheme === "") fault("an absolute URL or an absolute path");
    return Url.of({ scheme: scheme.toLowerCase(), host: "", path: "", query });
  }
  const hostWithoutScheme = !request && !rest.startsWith("///");
  if (!rest.startsWith("//") || (scheme === "" && !hostWithoutScheme)) {
    if (!escapesAreWhole(rest)) fault("a URL with whole percent escapes");
    return Url.of({ scheme: scheme.toLowerCase(), host: "", path: rest, query });
  }
  const slash = rest.indexOf("/", 2);
  const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
  const path = slash < 0 ? "" : rest.slice(slash);
  if (!escapesAreWhole(path)) fault("a URL with whole percent escapes");
  return Url.of({ scheme: scheme.toLowerCase(), host: hostOf(authority, fault), path, query });
}

function hostOf(authority: string, fault: Fault): string {
  const at = authority.lastIndexOf("@");
  if (at >= 0 && !/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(authority.slice(0, at))) fault("a URL with valid user info");
  const host = authority.slice(at + 1);
  const colon = host.startsWith("[") ? host.lastIndexOf("]") + 1 : host.lastIndexOf(":");
  if (host.startsWith("[") && colon === 0) fault("a URL: a ] is missing in its host");
  const port = colon < 0 ? "" : host.slice(colon);
  if (port !== "" && !/^:[0-9]*$/.test(port)) fault("a URL with a numeric port");
  // Go lets a host hold these and bytes beyond ASCII; escapes only of the latter, or of % in an IPv6 zone.
  if (!/^(?:[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"\u0080-\u{10ffff}]|%[89A-Fa-f][0-9A-Fa-f]|%25)*$/u.test(host)) {
    fault("a URL with a valid host");
  }
  return unescaped(host);
}

const escapesAreWhole = (text: string): boolean => !/%(?![0-9A-Fa-f]{2})/.test(text);

function unescaped(text: string): string {
  if (!text.includes("%")) return text;
  const bytes = Buffer.from(
    Buffer.from(text, "utf8")
      .toString("latin1")
      .replace(/%([0-9A-Fa-f]{2})/g, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  );
  return bytes.toString("utf8");
}

function escaped(text: string): string {
  return [...Buffer.from(text, "utf8")]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9\-_.~$&+,/:;=@]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}
