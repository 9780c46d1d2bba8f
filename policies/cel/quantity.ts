/**
 * Kubernetes quantities, exactly: a decimal of any size as a BigInt and a power of ten.
 * Follows k8s.io/apimachinery/pkg/api/resource v0.36: parsing, rounding up to nano, the cap on binary suffixes, and
 * which values `asInteger` can give (those that the API server keeps as a scaled 64-bit integer).
 */

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);
const NANO = -9;
/** A power of ten beyond this is refused rather than computed: no machine has it, and the text may be hostile. */
const MAX_EXPONENT = 1000;

const DECIMAL = new Map([
  ["n", -9],
  ["u", -6],
  ["m", -3],
  ["", 0],
  ["k", 3],
  ["M", 6],
  ["G", 9],
  ["T", 12],
  ["P", 15],
  ["E", 18],
]);
const BINARY = new Map([
  ["Ki", 10],
  ["Mi", 20],
  ["Gi", 30],
  ["Ti", 40],
  ["Pi", 50],
  ["Ei", 60],
]);
const FORM = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/;

const fitsInt64 = (value: bigint): boolean => value <= MAX_INT64 && value >= MIN_INT64;
const power = (exponent: number): bigint => 10n ** BigInt(exponent);

const parsed = new Map<string, Quantity>();

export class Quantity {
  private constructor(
    readonly unscaled: bigint,
    readonly exponent: number,
    /** Kept as a 64-bit integer and a power of ten, as the API server does where it can. */
    readonly small: boolean,
  ) {}

  /** @throws QuantityError */
  static parse(text: string): Quantity {
    const known = parsed.get(text);
    if (known) return known;
    const quantity = Quantity.read(text);
    // The same few amounts stand in thousands of manifests; hostile input must not fill the memory with others.
    if (parsed.size >= 4096) parsed.clear();
    parsed.set(text, quantity);
    return quantity;
  }

  private static read(text: string): Quantity {
    const parts = FORM.exec(text);
    const [, sign, whole = "", fraction = "", suffix = ""] = parts ?? [];
    if (!parts || whole + fraction === "") throw new QuantityError(text);
    const negative = sign === "-";
    const num = whole.replace(/^0+/, "");
    const digits = BigInt(`0${num}${fraction}`);
    const binary = BINARY.get(suffix);
    const length = Math.max(num.length, 1) + fraction.length;
    if (binary !== undefined) return fromBinary(digits, fraction.length, binary, length, negative);
    const exponent = DECIMAL.get(suffix) ?? exponentOf(suffix, text);
    return fromDecimal(digits, exponent - fraction.length, length, negative);
  }

  static small(unscaled: bigint, exponent: number): Quantity {
    return new Quantity(unscaled, exponent, true);
  }

  static large(unscaled: bigint, exponent: number): Quantity {
    return new Quantity(unscaled, exponent, false);
  }

  static of(value: bigint): Quantity {
    return new Quantity(value, 0, true);
  }

  compareTo(other: Quantity): number {
    const [a, b] = aligned(this, other);
    return a === b ? 0 : a < b ? -1 : 1;
  }

  equals(other: unknown): boolean {
    return other instanceof Quantity && this.compareTo(other) === 0;
  }

  sign(): number {
    return this.unscaled === 0n ? 0 : this.unscaled < 0n ? -1 : 1;
  }

  add(other: Quantity): Quantity {
    const [a, b, exponent] = aligned(this, other);
    const sum = a + b;
    if (!this.small || !other.small) return Quantity.large(sum, exponent);
    if (this.unscaled === 0n) return other;
    return new Quantity(sum, exponent, fitsInt64(a) && fitsInt64(b) && fitsInt64(sum));
  }

  negated(): Quantity {
    return new Quantity(-this.unscaled, this.exponent, this.small);
  }

  sub(other: Quantity): Quantity {
    return this.add(other.negated());
  }

  times(factor: bigint): Quantity {
    return Quantity.large(this.unscaled * factor, this.exponent);
  }

  /** The value as a 64-bit integer, or undefined where the API server would not give one. */
  asInteger(): bigint | undefined {
    if (!this.small || this.exponent < 0) return undefined;
    const value = this.unscaled * power(this.exponent);
    return fitsInt64(value) ? value : undefined;
  }

  asApproximateFloat(): number {
    return this.exponent === 0 ? Number(this.unscaled) : Number(this.unscaled) * Number(`1e${this.exponent}`);
  }
}

export class QuantityError extends Error {
  constructor(text: string) {
    super(
      `${JSON.stringify(text)} is not a quantity: a number with one of the suffixes n u m k M G T P E Ki Mi Gi Ti Pi Ei`,
    );
    this.name = "QuantityError";
  }
}

function exponentOf(suffix: string, text: string): number {
  if (!/^[eE][-+]?[0-9]+$/.test(suffix)) throw new QuantityError(text);
  const exponent = Number(suffix.slice(1));
  if (Math.abs(exponent) > MAX_EXPONENT) throw new QuantityError(text);
  return exponent;
}

function fromDecimal(digits: bigint, exponent: number, length: number, negative: boolean): Quantity {
  const signed = negative ? -digits : digits;
  if (length <= 18 && exponent >= NANO) return Quantity.small(signed, exponent);
  return roundedToNano(digits, exponent, negative);
}

function fromBinary(digits: bigint, places: number, shift: number, length: number, negative: boolean): Quantity {
  const value = digits << BigInt(shift);
  // One decimal digit for each 3.3 bits, as upstream estimates it before it multiplies.
  const precision = 15 - length - Math.trunc((shift * 3) / 10) - 1;
  if (places === 0 && precision >= 0) return Quantity.small(negative ? -value : value, 0);
  const rounded = roundedToNano(value, -places, false);
  const capped = rounded.compareTo(Quantity.of(MAX_INT64)) > 0 ? Quantity.large(MAX_INT64, 0) : rounded;
  return negative ? capped.negated() : capped;
}

/** Away from zero, so that a demand that is too small to express is still a demand. */
function roundedToNano(digits: bigint, exponent: number, negative: boolean): Quantity {
  let value = digits;
  let scale = exponent;
  if (exponent < NANO) {
    const divisor = power(NANO - exponent);
    value = (digits + divisor - 1n) / divisor;
    scale = NANO;
  }
  return Quantity.large(negative ? -value : value, scale);
}

function aligned(a: Quantity, b: Quantity): [bigint, bigint, number] {
  const exponent = Math.min(a.exponent, b.exponent);
  const scaled = (q: Quantity) => q.unscaled * power(q.exponent - exponent);
  return [scaled(a), scaled(b), exponent];
}

export function isQuantity(text: string): boolean {
  try {
    Quantity.parse(text);
    return true;
  } catch {
    return false;
  }
}
