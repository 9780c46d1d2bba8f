import { type Environment, Optional } from "@marcbachmann/cel-js";
import { FORMATS, Format } from "./formats";
import { Cidr, Ip } from "./network";
import { isQuantity, Quantity } from "./quantity";
import { find, findAll, matches } from "./regex";
import * as strings from "./strings";
import { Url } from "./url";

/** Kubernetes' CEL libraries, as functions of the environment. What they do is in the file of each noun. */

/** `ip` and `format` are also the first word of functions such as `ip.isCanonical()`. */
class IpNamespace {}
class FormatNamespace {}

const attempt = (parse: () => unknown): boolean => {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
};

export function registerQuantity(env: Environment): void {
  const type = "kubernetes.Quantity";
  const number = (value: number) => Quantity.parse(`${value}`);
  env
    .registerType(type, Quantity)
    .registerFunction(`quantity(string): ${type}`, (text: string) => Quantity.parse(text))
    // Numbers written without quotes: the API server turns them into text before CEL sees them.
    .registerFunction(`quantity(int): ${type}`, (value: bigint) => Quantity.of(value))
    .registerFunction(`quantity(double): ${type}`, number)
    .registerFunction("isQuantity(string): bool", isQuantity)
    .registerFunction("isQuantity(int): bool", () => true)
    .registerFunction("isQuantity(double): bool", (value: number) => attempt(() => number(value)))
    .registerFunction(`${type}.isInteger(): bool`, (q: Quantity) => q.asInteger() !== undefined)
    .registerFunction(`${type}.asInteger(): int`, (q: Quantity) => {
      const value = q.asInteger();
      if (value === undefined) throw new RangeError("cannot convert value to integer");
      return value;
    })
    .registerFunction(`${type}.asApproximateFloat(): double`, (q: Quantity) => q.asApproximateFloat())
    .registerFunction(`sign(${type}): int`, (q: Quantity) => BigInt(q.sign()))
    .registerFunction(`${type}.add(${type}): ${type}`, (a: Quantity, b: Quantity) => a.add(b))
    .registerFunction(`${type}.add(int): ${type}`, (a: Quantity, b: bigint) => a.add(Quantity.of(b)))
    .registerFunction(`${type}.sub(${type}): ${type}`, (a: Quantity, b: Quantity) => a.sub(b))
    .registerFunction(`${type}.sub(int): ${type}`, (a: Quantity, b: bigint) => a.sub(Quantity.of(b)))
    .registerFunction(`${type}.compareTo(${type}): int`, (a: Quantity, b: Quantity) => BigInt(a.compareTo(b)))
    .registerFunction(`${type}.isGreaterThan(${type}): bool`, (a: Quantity, b: Quantity) => a.compareTo(b) > 0)
    .registerFunction(`${type}.isLessThan(${type}): bool`, (a: Quantity, b: Quantity) => a.compareTo(b) < 0)
    .registerOperator(`${type} == ${type}`, (a: Quantity, b: Quantity) => a.compareTo(b) === 0);
}

export function registerNetwork(env: Environment): void {
  env
    .registerType("net.IP", Ip)
    .registerType("net.CIDR", Cidr)
    .registerType("IpNamespace", IpNamespace)
    .registerConstant("ip", "IpNamespace", new IpNamespace())
    .registerFunction(
      "IpNamespace.isCanonical(string): bool",
      (_ns: unknown, text: string) => Ip.parse(text).text === text,
    )
    .registerFunction("ip(string): net.IP", (text: string) => Ip.parse(text))
    .registerFunction("isIP(string): bool", (text: string) => attempt(() => Ip.parse(text)))
    .registerFunction("string(net.IP): string", (ip: Ip) => ip.text)
    .registerFunction("net.IP.family(): int", (ip: Ip) => BigInt(ip.family()))
    .registerOperator("net.IP == net.IP", (a: Ip, b: Ip) => a.equals(b));
  for (const name of [
    "isUnspecified",
    "isLoopback",
    "isLinkLocalMulticast",
    "isLinkLocalUnicast",
    "isGlobalUnicast",
  ] as const) {
    env.registerFunction(`net.IP.${name}(): bool`, (ip: Ip) => ip[name]());
  }
  env
    .registerFunction("cidr(string): net.CIDR", (text: string) => Cidr.parse(text))
    .registerFunction("isCIDR(string): bool", (text: string) => attempt(() => Cidr.parse(text)))
    .registerFunction("string(net.CIDR): string", (net: Cidr) => net.text)
    .registerFunction("net.CIDR.containsIP(net.IP): bool", (net: Cidr, ip: Ip) => net.containsIP(ip))
    .registerFunction("net.CIDR.containsIP(string): bool", (net: Cidr, ip: string) => net.containsIP(Ip.parse(ip)))
    .registerFunction("net.CIDR.containsCIDR(net.CIDR): bool", (net: Cidr, other: Cidr) => net.containsCIDR(other))
    .registerFunction("net.CIDR.containsCIDR(string): bool", (net: Cidr, other: string) =>
      net.containsCIDR(Cidr.parse(other)),
    )
    .registerFunction("net.CIDR.ip(): net.IP", (net: Cidr) => net.address)
    .registerFunction("net.CIDR.masked(): net.CIDR", (net: Cidr) => net.masked())
    .registerFunction("net.CIDR.prefixLength(): int", (net: Cidr) => BigInt(net.prefixLength))
    .registerOperator("net.CIDR == net.CIDR", (a: Cidr, b: Cidr) => a.equals(b));
}

export function registerUrl(env: Environment): void {
  env
    .registerType("kubernetes.URL", Url)
    .registerFunction("url(string): kubernetes.URL", (text: string) => Url.parse(text))
    .registerFunction("isURL(string): bool", (text: string) => attempt(() => Url.checkRequest(text)))
    .registerFunction("kubernetes.URL.getScheme(): string", (url: Url) => url.scheme)
    .registerFunction("kubernetes.URL.getHost(): string", (url: Url) => url.host)
    .registerFunction("kubernetes.URL.getHostname(): string", (url: Url) => url.hostname)
    .registerFunction("kubernetes.URL.getPort(): string", (url: Url) => url.port)
    .registerFunction("kubernetes.URL.getEscapedPath(): string", (url: Url) => url.escapedPath)
    .registerFunction("kubernetes.URL.getQuery(): map<string, list<string>>", (url: Url) => url.queryValues);
}

export function registerStrings(env: Environment): void {
  env
    .registerFunction("string.k8s_matches(string): bool", matches)
    .registerFunction("string.find(string): string", find)
    .registerFunction("string.findAll(string): list<string>", (s: string, re: string) => findAll(s, re))
    .registerFunction("string.findAll(string, int): list<string>", findAll)
    .registerFunction("string.k8s_lowerAscii(): string", strings.lowerAscii)
    .registerFunction("string.k8s_upperAscii(): string", strings.upperAscii)
    .registerFunction("string.k8s_trim(): string", strings.trim)
    .registerFunction("string.charAt(int): string", strings.charAt)
    .registerFunction("string.k8s_indexOf(string): int", (s: string, part: string) => strings.indexOf(s, part))
    .registerFunction("string.k8s_indexOf(string, int): int", strings.indexOf)
    .registerFunction("string.k8s_lastIndexOf(string): int", (s: string, part: string) => strings.lastIndexOf(s, part))
    .registerFunction("string.k8s_lastIndexOf(string, int): int", strings.lastIndexOf)
    .registerFunction("string.k8s_substring(int): string", (s: string, from: bigint) => strings.substring(s, from))
    .registerFunction("string.k8s_substring(int, int): string", strings.substring)
    .registerFunction("string.k8s_split(string): list<string>", (s: string, by: string) => strings.split(s, by))
    .registerFunction("string.k8s_split(string, int): list<string>", strings.split)
    .registerFunction("string.replace(string, string): string", (s: string, a: string, b: string) =>
      strings.replace(s, a, b),
    )
    .registerFunction("string.replace(string, string, int): string", strings.replace)
    .registerFunction("string.format(list<dyn>): string", strings.format)
    .registerFunction("k8s_int(int): int", (value: bigint) => value)
    .registerFunction("k8s_int(double): int", doubleToInt)
    .registerFunction("k8s_int(string): int", stringToInt);
}

function doubleToInt(value: number): bigint {
  if (!Number.isFinite(value) || Math.abs(value) >= 2 ** 63) throw new RangeError("integer overflow");
  return BigInt(Math.trunc(value));
}

function stringToInt(text: string): bigint {
  const value = /^[+-]?[0-9]{1,20}$/.test(text) ? BigInt(text.replace("+", "")) : undefined;
  if (value === undefined || BigInt.asIntN(64, value) !== value) {
    throw new RangeError(`${JSON.stringify(text)} is not a 64-bit integer`);
  }
  return value;
}

export function registerFormat(env: Environment): void {
  env
    .registerType("kubernetes.NamedFormat", Format)
    .registerType("FormatNamespace", FormatNamespace)
    .registerConstant("format", "FormatNamespace", new FormatNamespace())
    .registerFunction("FormatNamespace.named(string): optional<kubernetes.NamedFormat>", (_ns: unknown, name: string) =>
      Optional.of(FORMATS.get(name)),
    )
    .registerFunction(
      "kubernetes.NamedFormat.validate(string): optional<list<string>>",
      (format: Format, text: string) => {
        const faults = format.validate(text);
        return faults.length === 0 ? Optional.none() : Optional.of(faults);
      },
    );
  for (const format of FORMATS.values()) {
    env.registerFunction(`FormatNamespace.${format.name}(): kubernetes.NamedFormat`, () => format);
  }
}
