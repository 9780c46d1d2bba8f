import { createPrivateKey, X509Certificate } from "node:crypto";
import { inUseFirst, purposeOf, type Rotation } from "../../lib/rotation";
import { type Certificate, certificateAuthority, halfYearOf, issue } from "../keys/certificates";

/** What the workers prove themselves by to who comes from outside. */
export interface ServedCertificate extends Certificate {
  /** PEM of the authorities that a client has to trust, the one that signed first; undefined where somebody else's did. */
  caPem?: string;
}

/** What the environment's own certificate follows from. */
export interface OwnIssuer {
  /** Base64; a secret. */
  seed: string;
  /** ISO 8601; certificates count from it, but for authorities that came to be later. */
  issuedAt: string;
  /** Which generations of the authority clients have to trust, and which one signs. */
  authorities: Rotation;
}

/**
 * For names, by an authority of the environment's own that signs nothing else. Of this half-year, and valid for a whole one. Each
 * generation has another authority and another key.
 * @param names DNS names, also such as `*.apps.example.no`
 */
export function ownCertificate(issuer: OwnIssuer, names: string[], now = new Date()): ServedCertificate {
  const { seed, issuedAt } = issuer;
  const { used, accepted, since } = issuer.authorities;
  const authority = (generation: number) =>
    certificateAuthority(seed, purposeOf("grunnmur ingress", generation), since?.[generation] ?? issuedAt);
  const commonName = purposeOf("grunnmur ingress server", used);
  const args = { commonName, usage: "server", dnsNames: names, validDays: 365 } as const;
  return {
    ...issue(seed, authority(used), halfYearOf(issuedAt, now), args),
    caPem: inUseFirst({ used, accepted })
      .map((generation) => authority(generation).certificate)
      .join(""),
  };
}

/**
 * A certificate of somebody else's.
 * @param pem its chain, its own first, and its private key
 * @throws CertificateError where the parts do not belong together or do not suffice, in words that hold nothing of the key
 */
export function givenCertificate(pem: string, names: string[], now = new Date()): ServedCertificate {
  const chain = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  const [key, another] = pem.match(/-----BEGIN ([A-Z]+ )?PRIVATE KEY-----[\s\S]+?-----END \1PRIVATE KEY-----/g) ?? [];
  const [first] = chain;
  if (!first || !key || another) {
    throw refused(`it has ${chain.length} certificates and ${key ? (another ? "several" : "one") : "no"} private key`);
  }
  const { own, belongs } = read(first, key);
  const missing = names.filter(
    (name) => !own.checkHost(name.replace("*", "any"), { wildcards: true, partialWildcards: false }),
  );
  const ends = new Date(own.validTo);
  if (!belongs) throw refused("its private key is not that of its first certificate");
  if (ends <= now) throw refused(`it ended on ${ends.toISOString().slice(0, 10)}`);
  if (missing.length > 0)
    throw refused(`it is not for ${missing.join(", ")}, but for ${own.subjectAltName ?? "nobody"}`);
  return { certificate: `${chain.join("\n")}\n`, privateKey: `${key}\n` };
}

function read(certificate: string, key: string): { own: X509Certificate; belongs: boolean } {
  try {
    const own = new X509Certificate(certificate);
    return { own, belongs: own.checkPrivateKey(createPrivateKey(key)) };
  } catch {
    throw refused("its certificate or its private key cannot be read");
  }
}

export class CertificateError extends Error {}

const refused = (why: string): CertificateError =>
  new CertificateError(
    `grunnmur:ingressCertificate: ${why}; allowed is PEM: the certificate for all of ingress.hosts, those that signed it, and its private key without a passphrase. ` +
      "Set it with: pulumi config set --secret grunnmur:ingressCertificate < FILE, or remove it for one of the environment's own",
  );
