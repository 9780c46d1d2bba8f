import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { atFirst, type Rotation } from "../../lib/rotation";
import { givenCertificate, type OwnIssuer, ownCertificate } from "./certificate";

const seed = Buffer.alloc(48, 1).toString("base64");
const names = ["shop.example.no", "*.apps.example.no"];
const [first, later] = [new Date("2026-01-02"), new Date("2026-08-01")];
const issuer: OwnIssuer = { seed, issuedAt: "2026-01-01T00:00:00Z", authorities: atFirst };
const own = (now = first) => ownCertificate(issuer, names, now);

test("the environment's own is for every name, by an authority that stays while it is renewed", () => {
  const [now, then] = [own(), own(later)];
  assert.equal(now.caPem, then.caPem);
  assert.notEqual(now.certificate, then.certificate);
  const certificate = new X509Certificate(then.certificate);
  assert.ok(certificate.verify(new X509Certificate(now.caPem ?? "").publicKey));
  assert.ok(certificate.checkHost("shop.example.no") && certificate.checkHost("any.apps.example.no"));
  assert.equal(certificate.checkHost("bank.example.no"), undefined);
  assert.ok(new Date(certificate.validTo) > new Date("2027-06-30"));
});

test("a preview of the same half-year shows no change", () => assert.deepEqual(own(), own(new Date("2026-06-01"))));

test("another generation is by another authority with another key, which clients may trust before it signs", () => {
  const since = { 1: "2030-05-06T00:00:00Z" };
  const of = (authorities: Rotation) => {
    const { certificate, privateKey, caPem = "" } = ownCertificate({ ...issuer, authorities }, names, first);
    const trusted = (caPem.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? []).map(
      (pem) => new X509Certificate(pem),
    );
    const leaf = new X509Certificate(certificate);
    return { privateKey, trusted, signers: trusted.map(({ publicKey }) => leaf.verify(publicKey)) };
  };
  const [before, beside, signing, alone] = [
    of(atFirst),
    of({ used: 0, accepted: [0, 1], since }),
    of({ used: 1, accepted: [0, 1], since }),
    of({ used: 1, accepted: [1], since }),
  ];
  assert.deepEqual(
    [before, beside, signing, alone].map(({ signers }) => signers),
    [[true], [true, false], [true, false], [true]],
  );
  assert.equal(before.privateKey, beside.privateKey);
  assert.notEqual(beside.privateKey, signing.privateKey);
  assert.equal(signing.trusted[0]?.raw.equals(beside.trusted[1]?.raw ?? Buffer.of()), true);
  assert.match(alone.trusted[0]?.validTo ?? "", /2040/);
});

test("somebody else's is taken with all that signed it, in whatever order its key stands", () => {
  const { certificate, privateKey, caPem = "" } = own();
  for (const pem of [
    certificate + caPem + privateKey,
    privateKey + certificate + caPem,
    `noise\n${certificate}${privateKey}`,
  ]) {
    const given = givenCertificate(pem, names, first);
    assert.ok(given.certificate.startsWith(certificate.trim()));
    assert.equal(given.privateKey, privateKey);
    assert.equal(given.caPem, undefined);
  }
});

for (const [what, pem, message] of [
  ["nothing", () => "", /0 certificates and no private key/],
  ["no key", () => own().certificate, /1 certificates and no private key/],
  ["two keys", () => own().certificate + own().privateKey + own().privateKey, /several private key/],
  ["another's key", () => own().certificate + other().privateKey, /not that of its first certificate/],
  ["the authority first", () => (own().caPem ?? "") + own().certificate + own().privateKey, /not that of its first/],
  [
    "other names",
    () => other().certificate + other().privateKey,
    /not for shop\.example\.no, \*\.apps\.example\.no, but for DNS:bank/,
  ],
  ["what is no certificate", () => own().certificate.replace(/\n.{20}/, "\nAAAA") + own().privateKey, /cannot be read/],
] as const)
  test(`${what}: refused, in words that hold nothing of the key`, () => {
    assert.throws(
      () => givenCertificate(pem(), names, first),
      (error: Error) => {
        assert.match(error.message, message);
        assert.match(error.message, /pulumi config set --secret grunnmur:ingressCertificate/);
        for (const line of own().privateKey.split("\n").slice(1, 3)) assert.ok(!error.message.includes(line));
        return true;
      },
    );
  });

test("one that has ended is refused", () => {
  const { certificate, privateKey } = own();
  assert.throws(
    () => givenCertificate(certificate + privateKey, names, new Date("2027-02-01")),
    /it ended on 2027-01-01/,
  );
});

const other = () =>
  ownCertificate({ ...issuer, seed: Buffer.alloc(48, 2).toString("base64") }, ["bank.example.no"], first);
