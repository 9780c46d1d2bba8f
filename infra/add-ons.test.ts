import assert from "node:assert/strict";
import { test } from "node:test";
import { ownCertificate } from "../components/ingress/certificate";
import { atFirst } from "../lib/rotation";
import { requireCertificate } from "./add-ons";

const hosts = [{ name: "shop.example.no", namespaces: ["shop"] }];
const acme = { directory: "https://acme.example.no/directory" };
const seed = Buffer.alloc(48, 1).toString("base64");
const issuer = { seed, issuedAt: new Date().toISOString(), authorities: atFirst };
const { certificate, privateKey } = ownCertificate(issuer, ["shop.example.no"]);
const pem = certificate + privateKey;

test("a certificate of somebody else's and an ACME server are not both had, and the key is in no message", () => {
  assert.throws(
    () => requireCertificate(pem, { hosts, acme }),
    ({ message }: Error) => /ingressCertificate is set, and ingress\.acme/.test(message) && !message.includes("BEGIN"),
  );
  requireCertificate(undefined, { hosts, acme });
});

test("it is for every name", () => {
  requireCertificate(pem, { hosts });
  const other = { name: "bank.example.no", namespaces: ["bank"] };
  assert.throws(() => requireCertificate(pem, { hosts: [...hosts, other] }), /not for bank\.example\.no/);
});
