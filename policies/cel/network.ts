import { isIP as familyOf } from "node:net";

/**
 * IP addresses and networks as Kubernetes' CEL libraries `ip` and `cidr` have them: no zones, no IPv4 inside IPv6,
 * no leading zeros. An address is its bytes.
 */
export class Ip {
  private constructor(
    readonly bytes: readonly number[],
    /** The one canonical form (RFC 5952). */
    readonly text: string,
  ) {}

  static parse(text: string): Ip {
    const family = text.includes("%") ? 0 : familyOf(text);
    if (family === 0) throw new NetworkError(text, "an IPv4 or IPv6 address without a zone");
    const bytes = family === 4 ? text.split(".").map(Number) : bytesOfIPv6(text);
    if (family === 6 && bytes.slice(0, 10).every((b) => b === 0) && bytes[10] === 0xff && bytes[11] === 0xff) {
      throw new NetworkError(text, "an address that is not IPv4 inside IPv6");
    }
    return Ip.of(bytes);
  }

  static of(bytes: readonly number[]): Ip {
    return new Ip(bytes, bytes.length === 4 ? bytes.join(".") : textOfIPv6(bytes));
  }

  family(): 4 | 6 {
    return this.bytes.length === 4 ? 4 : 6;
  }

  equals(other: Ip): boolean {
    return this.text === other.text;
  }

  isUnspecified(): boolean {
    return this.bytes.every((b) => b === 0);
  }

  isLoopback(): boolean {
    return this.family() === 4 ? this.bytes[0] === 127 : this.text === "::1";
  }

  isLinkLocalUnicast(): boolean {
    const [a = 0, b = 0] = this.bytes;
    return this.family() === 4 ? a === 169 && b === 254 : a === 0xfe && (b & 0xc0) === 0x80;
  }

  isLinkLocalMulticast(): boolean {
    const [a = 0, b = 0, c = 0] = this.bytes;
    return this.family() === 4 ? a === 224 && b === 0 && c === 0 : a === 0xff && (b & 0x0f) === 0x02;
  }

  isMulticast(): boolean {
    const [a = 0] = this.bytes;
    return this.family() === 4 ? a >> 4 === 0xe : a === 0xff;
  }

  isGlobalUnicast(): boolean {
    if (this.isUnspecified() || this.text === "255.255.255.255") return false;
    return !this.isLoopback() && !this.isMulticast() && !this.isLinkLocalUnicast();
  }
}

export class Cidr {
  private constructor(
    readonly address: Ip,
    readonly prefixLength: number,
  ) {}

  static parse(text: string): Cidr {
    const [, host = "", bits = ""] = /^([^/]*)\/(0|[1-9][0-9]{0,2})$/.exec(text) ?? [];
    if (bits === "") throw new NetworkError(text, "a network such as 10.0.0.0/8");
    const address = Ip.parse(host);
    if (Number(bits) > address.bytes.length * 8) throw new NetworkError(text, "a network with a prefix that fits");
    return new Cidr(address, Number(bits));
  }

  get text(): string {
    return `${this.address.text}/${this.prefixLength}`;
  }

  equals(other: Cidr): boolean {
    return this.text === other.text;
  }

  masked(): Cidr {
    const bytes = this.address.bytes.map((byte, index) => {
      const kept = Math.min(8, Math.max(0, this.prefixLength - index * 8));
      return byte & (0xff << (8 - kept)) & 0xff;
    });
    return new Cidr(Ip.of(bytes), this.prefixLength);
  }

  containsIP(ip: Ip): boolean {
    if (ip.family() !== this.address.family()) return false;
    const mine = this.masked().address.bytes;
    const theirs = new Cidr(ip, this.prefixLength).masked().address.bytes;
    return mine.every((byte, index) => byte === theirs[index]);
  }

  containsCIDR(other: Cidr): boolean {
    return this.prefixLength <= other.prefixLength && this.containsIP(other.address);
  }
}

export class NetworkError extends Error {
  constructor(text: string, wanted: string) {
    super(`${JSON.stringify(text)} is not ${wanted}`);
    this.name = "NetworkError";
  }
}

const groupsOf = (text: string): number[] => (text === "" ? [] : text.split(":").map((g) => Number.parseInt(g, 16)));

/** @param text an address that is already known to be valid */
function bytesOfIPv6(text: string): number[] {
  const hex = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...n: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = n.slice(0, 4).map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head = "", tail] = hex.split("::");
  const [left, right] = [groupsOf(head), groupsOf(tail ?? "")];
  const zeros = new Array<number>(8 - left.length - right.length).fill(0);
  return [...left, ...zeros, ...right].flatMap((group) => [group >> 8, group & 0xff]);
}

function textOfIPv6(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_none, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  const runs = [...groups.join(":").matchAll(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/g)];
  const longest = runs.reduce<RegExpMatchArray | undefined>(
    (best, run) => (run[0].length > (best?.[0].length ?? 0) ? run : best),
    undefined,
  );
  if (longest === undefined) return groups.join(":");
  const whole = groups.join(":");
  return `${whole.slice(0, longest.index).replace(/:$/, "")}::${whole.slice((longest.index ?? 0) + longest[0].length).replace(/^:/, "")}`;
}
