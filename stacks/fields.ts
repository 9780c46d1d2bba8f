import { z } from "zod";

/**
 * The leaf types of the schema. The `error` of each says what is allowed, in words that follow "allowed:";
 * `errors.ts` adds the path and the value received.
 */

/** A whole number of `unit`, from `min` to `max`, both included. */
export function whole(unit: string, min: number, max: number) {
  return integer(`a whole number of ${unit} from ${min} to ${max}`, min, max);
}

/** A whole number that `error` puts in words. */
export function integer(error: string, min: number, max: number) {
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** Text of the form `pattern`, which `allowed` puts in words. */
export function text(allowed: string, pattern: RegExp) {
  return z.string({ error: allowed }).regex(pattern, { error: allowed });
}

/** One of `values`. */
export function choice<const T extends readonly string[]>(values: T) {
  return z.enum(values, { error: values.join(", ").replace(/, ([^,]*)$/, " or $1") });
}

export function flag() {
  return z.boolean({ error: "true or false, without quotes" });
}

export function list<T extends z.ZodType>(element: T) {
  return z.array(element, { error: "a list" });
}

export function section<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, { error: `a section with the keys ${Object.keys(shape).join(", ")}` });
}

/** Free text for people: not empty, one line. */
export function prose(what: string) {
  return text(`${what}, in one line`, /^\S.*$/);
}

const LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";

/** An RFC 1123 label: what host names, libvirt domains and Kubernetes names all take. */
export const label = () =>
  text("small letters, digits and dashes, at most 63, not starting or ending with a dash", new RegExp(`^${LABEL}$`));

/** A network interface: the kernel takes 15 characters. */
export const interfaceName = () =>
  text("the name of a network interface such as br0, at most 15 characters", /^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/);

/** Whatever libvirt's administrator called it, without what a path or a shell reads otherwise. */
export const poolName = () =>
  text(
    "the name of a storage pool: letters, digits, dots, dashes and underscores",
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
  );

/** See git-check-ref-format(1). */
export const branchName = () =>
  text("the name of a branch", /^(?!.*(\.\.|\/\/|\/\.|\.lock(\/|$)|[./]$))[A-Za-z0-9][A-Za-z0-9._/-]{0,200}$/);

/** A DNS name of at least two labels, without a scheme, port or path. */
export const dnsName = () =>
  text(
    "a DNS name such as registry.example.no, without scheme, port or path",
    new RegExp(`^(?!.{254})(${LABEL}\\.)+(?=[a-z])${LABEL}$`),
  );

/** A DNS name, or `*.` and one, for all names one label below it. */
export const servedName = () =>
  text(
    "a DNS name such as shop.example.no, or *.apps.example.no for all names one label below it, in small letters",
    new RegExp(`^(?!.{254})(\\*\\.)?(${LABEL}\\.)+(?=[a-z])${LABEL}$`),
  );

/** A DNS name or an IPv4 address. */
export const host = () =>
  text(
    "a host name or an IPv4 address, without scheme, port or path",
    new RegExp(`^(?!.{254})(${LABEL}\\.)*${LABEL}$`),
  );

/** The same, and a port after a colon where it is not the usual one. */
export const hostAndPort = () =>
  text(
    "a host name or an IPv4 address, with or without a port, such as api.example.no:443",
    new RegExp(`^(?!.{260})(${LABEL}\\.)*${LABEL}(:[1-9][0-9]{0,4})?$`),
  );

export const address = () => z.ipv4({ error: "an IPv4 address such as 10.20.0.11, without a prefix length" });

export const range = () => z.cidrv4({ error: "an IPv4 network such as 10.20.0.0/24" });

/** A port with its protocol. */
export const port = () =>
  text(
    "a port from 1 to 65535 with its protocol, such as 443/tcp or 123/udp",
    /^([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])\/(tcp|udp)$/,
  );

export const countryCode = () => text("a country as two capital letters of ISO 3166-1, such as NO", /^[A-Z]{2}$/);

export const date = () => z.iso.date({ error: 'a date in quotes, such as "2027-06-30"' });

// 68 characters of base64 hold exactly the 51 bytes of an ed25519 public key; the fixed part is its type and length.
export const hostKey = () =>
  text(
    "an ed25519 public host key: the type ssh-ed25519, a space, and 68 characters of base64",
    /^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43}( \S+)?$/,
  );

const SSH_REPOSITORY = "an SSH address with a user, such as ssh://git@gitlab.example.no/platform/config.git";

export const sshRepository = () =>
  text(SSH_REPOSITORY, /^ssh:\/\/[A-Za-z0-9_.-]+@[a-z0-9.-]+(:\d{1,5})?\/[A-Za-z0-9_.~/-]+$/).refine(URL.canParse, {
    error: SSH_REPOSITORY,
  });

// No query: libvirt's `no_verify=1` would switch off the pinned host key.
export const libvirtUri = () =>
  text(
    "a libvirt address over SSH, such as qemu+ssh://root@osl1.example.no/system, without a query",
    /^qemu\+ssh:\/\/[A-Za-z0-9_.-]+@[a-z0-9.-]+(:\d{1,5})?\/system$/,
  );

export const httpsUrl = () =>
  text(
    "an https address without user or query, such as https://gitlab.example.no",
    /^https:\/\/[^\s/@?#]+(\/[^\s@?#]*)?$/,
  );

/** As ACME servers take it for an account. */
export const mailAddress = () =>
  text("a mail address such as drift@example.no", /^[A-Za-z0-9._%+-]{1,64}@(?!.{254})([a-z0-9-]+\.)+[a-z]{2,63}$/);

export const certificatePem = () =>
  text(
    "certificates in PEM and nothing else, each from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----",
    /^(-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*)+$/,
  );

export const gitHubApiUrl = () =>
  text(
    "the https address of GitHub's API: https://api.github.com, https://api.NAME.ghe.com, or https://HOST/api/v3 of an Enterprise Server",
    /^https:\/\/(api\.(github|[^\s/@?#]+\.ghe)\.com|[^\s/@?#]+\/api\/v3)\/?$/,
  );
