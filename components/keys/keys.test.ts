import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ageKey, ageKeyOf } from "./age";
import { certificateAuthority, issue, signingKey } from "./certificates";
import { derive, derivePassword } from "./derive";
import { sshKey } from "./ssh";

const seed = Buffer.alloc(32, 7).toString("base64");
const issuedAt = "2026-01-02T00:00:00Z";

function inFolder<T>(body: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "grunnmur-keys-"));
  try {
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("purposes give unrelated bytes, and the same purpose the same", () => {
  assert.deepEqual(derive(seed, "a", 32), derive(seed, "a", 32));
  assert.notDeepEqual(derive(seed, "a", 32), derive(seed, "b", 32));
  assert.match(derivePassword(seed, "ci"), /^[\w-]{43}$/);
});

test("a short seed is refused with its size and the mend", () => {
  assert.throws(() => derive("AAAA", "x", 32), /"x" holds 3 bytes; at least 32 .* makeSeed/);
});

test("OpenSSH reads the private key and finds the same public key in it", () => {
  const key = sshKey(seed, "deploy");
  inFolder((folder) => {
    const file = join(folder, "key");
    writeFileSync(file, key.privateKey, { mode: 0o600 });
    const read = execFileSync("ssh-keygen", ["-y", "-f", file]).toString().trim();
    assert.equal(read, key.publicKey);
  });
});

test("a leaf is signed by its authority, carries its names, and is the same on every run", () => {
  const make = () => {
    const authority = certificateAuthority(seed, "test CA", issuedAt);
    const leaf = issue(seed, authority, issuedAt, {
      commonName: "registry",
      usage: "server",
      dnsNames: ["registry.example"],
      ipAddresses: ["10.20.0.10", "127.20.0.10"],
      validDays: 730,
    });
    return { authority, leaf };
  };
  const { authority, leaf } = make();
  assert.deepEqual(make(), { authority, leaf });
  const certificate = new X509Certificate(leaf.certificate);
  const root = new X509Certificate(authority.certificate);
  assert.ok(certificate.verify(root.publicKey));
  assert.ok(root.ca && !certificate.ca);
  assert.ok(certificate.checkIssued(root));
  assert.equal(certificate.subjectAltName, "DNS:registry.example, IP Address:10.20.0.10, IP Address:127.20.0.10");
  assert.equal(new Date(certificate.validTo).toISOString(), "2028-01-02T00:00:00.000Z");
});

test("openssl verifies the chain and the purpose", () => {
  const authority = certificateAuthority(seed, "test CA", issuedAt);
  const admin = issue(seed, authority, issuedAt, {
    commonName: "admin",
    organizations: ["kubeadm:cluster-admins"],
    usage: "client",
    validDays: 3650,
  });
  inFolder((folder) => {
    writeFileSync(join(folder, "ca.pem"), authority.certificate);
    writeFileSync(join(folder, "leaf.pem"), admin.certificate);
    const verify = (purpose: string) =>
      execFileSync("openssl", ["verify", "-x509_strict", "-purpose", purpose, "-CAfile", "ca.pem", "leaf.pem"], {
        cwd: folder,
        stdio: "pipe",
      }).toString();
    assert.match(verify("sslclient"), /OK/);
    assert.throws(() => verify("sslserver"));
  });
  assert.match(new X509Certificate(admin.certificate).subject, /O=kubeadm:cluster-admins\nCN=admin/);
});

test("another seed gives another key", () => {
  const other = Buffer.alloc(32, 8).toString("base64");
  assert.notEqual(signingKey(seed, "sa").publicKey, signingKey(other, "sa").publicKey);
});

test("an age key is written as age itself writes it", () => {
  const secret = Buffer.from("b2c96d0d9f9d17d0e7cc4e920042c22ddcec3616e20c69f00d70bc632e84b53f", "hex");
  assert.deepEqual(ageKeyOf(secret), {
    // The identity stands in age's manual; its recipient is what age makes of it.
    identity: "AGE-SECRET-KEY-1KTYK6RVLN5TAPE7VF6FQQSKZ9HWWCDSKUGXXNUQDWZ7XXT5YK5LSF3UTKQ",
    recipient: "age1gde3ncmahlqd9gg50tanl99r960llztrhfapnmx853s4tjum03uqfssgdh",
  });
  assert.deepEqual(ageKey(seed, "sops"), ageKey(seed, "sops"));
  assert.notEqual(ageKey(seed, "sops").recipient, ageKey(seed, "sops/1").recipient);
});
