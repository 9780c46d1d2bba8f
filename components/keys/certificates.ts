import { createHash, createPrivateKey } from "node:crypto";
import { p256 } from "@noble/curves/nist.js";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import * as x509 from "@peculiar/asn1-x509";
import * as ipaddr from "ipaddr.js";
import { derive } from "./derive";

/**
 * X.509 certificates as pure functions of a seed and a date.
 *
 * `node:crypto` reads certificates but makes none, and WebCrypto's ECDSA draws a fresh nonce for each signature, so every
 * preview would show a new certificate. Here the ASN.1 comes from @peculiar/asn1-x509 and the signature from
 * @noble/curves, whose ECDSA is deterministic (RFC 6979). P-256 because kubeadm accepts RSA and ECDSA keys only.
 */
export interface Certificate {
  /** PEM certificate. */
  certificate: string;
  /** PEM private key (SEC1, `EC PRIVATE KEY`); a secret. */
  privateKey: string;
}

export interface LeafArgs {
  commonName: string;
  /** Kubernetes reads groups from these. Default: none. */
  organizations?: string[];
  usage: "server" | "client";
  /** Names and addresses that a server answers by. Default: none. */
  dnsNames?: string[];
  ipAddresses?: string[];
  /** Counted from `issuedAt`. */
  validDays: number;
}

const oid = { ecdsaWithSha256: "1.2.840.10045.4.3.2", ecPublicKey: "1.2.840.10045.2.1", p256: "06082a8648ce3d030107" };
const day = 24 * 60 * 60 * 1000;
const authorityDays = 3650;

/** A self-signed certificate authority, valid ten years from `issuedAt` (ISO 8601). */
export function certificateAuthority(seedBase64: string, commonName: string, issuedAt: string): Certificate {
  const key = keyPair(seedBase64, commonName);
  const extensions = [
    extension(x509.id_ce_basicConstraints, new x509.BasicConstraints({ cA: true }), true),
    extension(
      x509.id_ce_keyUsage,
      new x509.KeyUsage(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature,
      ),
      true,
    ),
    extension(x509.id_ce_subjectKeyIdentifier, new x509.SubjectKeyIdentifier(keyId(key))),
  ];
  const subject = name(commonName);
  const tbs = body(key, subject, subject, issuedAt, authorityDays, extensions, seedBase64);
  return { certificate: sign(tbs, key.secret), privateKey: privatePem(key.secret) };
}

/**
 * The beginning of the half-year (182 days) that `now` is in, of those since the environment's first day. What is issued from
 * then on is the same for every run of the program within it, and another in the next: so a run twice a year renews it.
 */
export function halfYearOf(firstDay: string, now: Date): string {
  const [first, length] = [Date.parse(firstDay), 182 * day];
  const passed = Math.max(0, Math.floor((now.getTime() - first) / length));
  return new Date(first + passed * length).toISOString();
}

/** A certificate signed by `authority`; its key derives from the seed and the common name. */
export function issue(seedBase64: string, authority: Certificate, issuedAt: string, args: LeafArgs): Certificate {
  const key = keyPair(seedBase64, `${args.usage}/${args.commonName}`);
  const issuer = parse(authority.certificate);
  const alternatives = [
    ...(args.dnsNames ?? []).map((dNSName) => new x509.GeneralName({ dNSName })),
    ...(args.ipAddresses ?? []).map(
      (iPAddress) => new x509.GeneralName({ iPAddress: ipaddr.parse(iPAddress).toString() }),
    ),
  ];
  const extensions = [
    extension(x509.id_ce_basicConstraints, new x509.BasicConstraints({ cA: false }), true),
    extension(x509.id_ce_keyUsage, new x509.KeyUsage(x509.KeyUsageFlags.digitalSignature), true),
    extension(
      x509.id_ce_extKeyUsage,
      new x509.ExtendedKeyUsage([args.usage === "server" ? x509.id_kp_serverAuth : x509.id_kp_clientAuth]),
    ),
    extension(
      x509.id_ce_authorityKeyIdentifier,
      new x509.AuthorityKeyIdentifier({ keyIdentifier: authorityKeyId(issuer) }),
    ),
    ...(alternatives.length > 0
      ? [extension(x509.id_ce_subjectAltName, new x509.SubjectAlternativeName(alternatives))]
      : []),
  ];
  const subject = name(args.commonName, args.organizations ?? []);
  const tbs = body(key, subject, issuer.tbsCertificate.subject, issuedAt, args.validDays, extensions, seedBase64);
  return { certificate: sign(tbs, secretOf(authority.privateKey)), privateKey: privatePem(key.secret) };
}

/** An ECDSA key pair in PEM, for signing service account tokens. */
export function signingKey(seedBase64: string, purpose: string): { publicKey: string; privateKey: string } {
  const key = keyPair(seedBase64, purpose);
  const info = AsnConvert.serialize(subjectPublicKey(key));
  return { publicKey: pem("PUBLIC KEY", Buffer.from(info)), privateKey: privatePem(key.secret) };
}

interface KeyPair {
  secret: Uint8Array;
  /** The uncompressed point, 65 bytes. */
  point: Uint8Array;
}

function keyPair(seedBase64: string, purpose: string): KeyPair {
  const secret = p256.utils.randomSecretKey(derive(seedBase64, `p256/${purpose}`, 48));
  return { secret, point: p256.getPublicKey(secret, false) };
}

function body(
  key: KeyPair,
  subject: x509.Name,
  issuer: x509.Name,
  issuedAt: string,
  validDays: number,
  extensions: x509.Extension[],
  seedBase64: string,
): x509.TBSCertificate {
  const from = new Date(issuedAt);
  const serial = derive(seedBase64, `serial/${Buffer.from(key.point).toString("hex")}/${issuedAt}`, 16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40; // positive, and never shortened
  return new x509.TBSCertificate({
    version: x509.Version.v3,
    serialNumber: Uint8Array.from(serial).buffer,
    signature: new x509.AlgorithmIdentifier({ algorithm: oid.ecdsaWithSha256 }),
    issuer,
    subject,
    validity: new x509.Validity({ notBefore: from, notAfter: new Date(from.getTime() + validDays * day) }),
    subjectPublicKeyInfo: subjectPublicKey(key),
    extensions: new x509.Extensions(extensions),
  });
}

function sign(tbs: x509.TBSCertificate, secret: Uint8Array): string {
  const bytes = new Uint8Array(AsnConvert.serialize(tbs));
  const signature = p256.sign(bytes, secret, { format: "der", lowS: false });
  const certificate = new x509.Certificate({
    tbsCertificate: tbs,
    signatureAlgorithm: new x509.AlgorithmIdentifier({ algorithm: oid.ecdsaWithSha256 }),
    signatureValue: Uint8Array.from(signature).buffer,
  });
  return pem("CERTIFICATE", Buffer.from(AsnConvert.serialize(certificate)));
}

function subjectPublicKey(key: KeyPair): x509.SubjectPublicKeyInfo {
  return new x509.SubjectPublicKeyInfo({
    algorithm: new x509.AlgorithmIdentifier({
      algorithm: oid.ecPublicKey,
      parameters: Uint8Array.from(Buffer.from(oid.p256, "hex")).buffer,
    }),
    subjectPublicKey: Uint8Array.from(key.point).buffer,
  });
}

function extension(extnID: string, value: object, critical = false): x509.Extension {
  return new x509.Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

function name(commonName: string, organizations: string[] = []): x509.Name {
  const attribute = (type: string, value: string) =>
    new x509.RelativeDistinguishedName([
      new x509.AttributeTypeAndValue({ type, value: new x509.AttributeValue({ utf8String: value }) }),
    ]);
  return new x509.Name([...organizations.map((o) => attribute("2.5.4.10", o)), attribute("2.5.4.3", commonName)]);
}

function keyId(key: KeyPair): ArrayBuffer {
  // RFC 7093, method 1: the leftmost 160 bits of the SHA-256 of the public key.
  return Uint8Array.from(createHash("sha256").update(key.point).digest().subarray(0, 20)).buffer;
}

function authorityKeyId(issuer: x509.Certificate): x509.KeyIdentifier {
  const found = issuer.tbsCertificate.extensions?.find((e) => e.extnID === x509.id_ce_subjectKeyIdentifier);
  if (!found)
    throw new Error("the issuing certificate carries no subject key identifier: make it with certificateAuthority()");
  return new x509.KeyIdentifier(AsnConvert.parse(found.extnValue, x509.SubjectKeyIdentifier).buffer);
}

function parse(certificate: string): x509.Certificate {
  return AsnConvert.parse(Buffer.from(certificate.replace(/-----[^-]+-----|\s/g, ""), "base64"), x509.Certificate);
}

function secretOf(privateKey: string): Uint8Array {
  const { d } = createPrivateKey(privateKey).export({ format: "jwk" });
  if (!d) throw new Error("the issuing key is not an EC private key");
  return Uint8Array.from(Buffer.from(d, "base64url"));
}

function privatePem(secret: Uint8Array): string {
  const point = Buffer.from(p256.getPublicKey(secret, false));
  const jwk = {
    kty: "EC",
    crv: "P-256",
    d: Buffer.from(secret).toString("base64url"),
    x: point.subarray(1, 33).toString("base64url"),
    y: point.subarray(33).toString("base64url"),
  };
  return createPrivateKey({ key: jwk, format: "jwk" }).export({ type: "sec1", format: "pem" }).toString();
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
