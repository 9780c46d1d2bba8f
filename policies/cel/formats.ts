import { Url } from "./url";

/** Kubernetes' named string formats (CEL library `format`): each gives what is wrong, or nothing. */
export class Format {
  constructor(
    readonly name: string,
    readonly validate: (text: string) => string[],
  ) {}
}

const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

function pattern(source: string, most: number, what: string): (text: string) => string[] {
  const whole = new RegExp(`^(?:${source})$`);
  return (text) => [
    ...(text.length > most ? [`must be no more than ${most} characters`] : []),
    ...(whole.test(text) ? [] : [`must be ${what}`]),
  ];
}

const label = pattern(LABEL, 63, "lower case letters, digits and '-', with a letter or digit at each end");
const subdomain = pattern(`${LABEL}(\\.${LABEL})*`, 253, "lower case labels parted by '.'");
const label1035 = pattern("[a-z]([-a-z0-9]*[a-z0-9])?", 63, "a label that begins with a lower case letter");
const labelValue = pattern(`(${NAME})?`, 63, "a label value");
const namePart = pattern(NAME, 63, "letters, digits, '-', '_' and '.', with a letter or digit at each end");

/** A prefix may end in '-': what the API server appends follows it. */
const prefix = (validate: (text: string) => string[]) => (text: string) => validate(text.replace(/-$/, "a"));

function qualifiedName(text: string): string[] {
  const parts = text.split("/");
  if (parts.length > 2) return ["must be a name with at most one prefix, parted by '/'"];
  const [name = "", dns] = [parts[parts.length - 1], parts.length === 2 ? parts[0] : undefined];
  const faults = dns === undefined ? [] : dns === "" ? ["prefix must not be empty"] : subdomain(dns);
  return [...faults, ...(name === "" ? ["name must not be empty"] : namePart(name))];
}

function uri(text: string): string[] {
  try {
    Url.parse(text);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

const shape = (expression: RegExp, fault: string) => (text: string) => (expression.test(text) ? [] : [fault]);
const isDay = (text: string): boolean => {
  const day = /^\d{4}-\d{2}-\d{2}/.exec(text)?.[0] ?? "";
  const time = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
};
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;
const DATETIME = /^\d{4}-\d{2}-\d{2}[tT ](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[zZ]|[+-]\d{2}:\d{2})$/;

export const FORMATS = new Map(
  [
    new Format("dns1123Label", label),
    new Format("dns1123Subdomain", subdomain),
    new Format("dns1035Label", label1035),
    new Format("qualifiedName", qualifiedName),
    new Format("dns1123LabelPrefix", prefix(label)),
    new Format("dns1123SubdomainPrefix", prefix(subdomain)),
    new Format("dns1035LabelPrefix", prefix(label1035)),
    new Format("labelValue", labelValue),
    new Format("uri", uri),
    new Format("uuid", shape(UUID, "does not match the UUID format")),
    new Format("byte", shape(BASE64, "invalid base64")),
    new Format("date", (text) => (/^\d{4}-\d{2}-\d{2}$/.test(text) && isDay(text) ? [] : ["invalid date"])),
    new Format("datetime", (text) => (DATETIME.test(text) && isDay(text) ? [] : ["invalid datetime"])),
  ].map((format) => [format.name, format] as const),
);
