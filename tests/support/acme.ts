import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { goBuild } from "../../artifacts/lib/go";
import type { Outputs } from "../../cli/pulumi/outputs";
import { certificateAuthority, issue } from "../../components/keys/certificates";
import { namespaceOf } from "../../lib/places";
import { until } from "./poll";
import { must, repository, type } from "./user";

/** Where it is asked, behind the nodes' gateway, which is this machine's end of their network. */
const ADDRESS = "198.51.100.9";
const PORT = 14000;
const WORKER = "10.20.0.12";
const DNS = "127.0.0.1:8053";

const seed = Buffer.alloc(32, 9).toString("base64");
const since = `${new Date().toISOString().slice(0, 10)}T00:00:00Z`;
const authority = certificateAuthority(seed, "Pebble's own", since);

/** For a stack file that has ingress.hosts: it asks this server. */
export const ASKED: [from: string, to: string][] = [
  [
    "  grunnmur:ingress:\n",
    `  grunnmur:destinations:
    - host: ${ADDRESS}
      country: "NO"
      legalBasis: none, it is told names of its own
      agreement: none
      expires: "2099-12-31"
      addresses: [${ADDRESS}/32]
      ports: [${PORT}/tcp]
  grunnmur:ingress:
    acme:
      directory: https://${ADDRESS}:${PORT}/dir
      authority: |
${authority.certificate.replace(/^(?=.)/gm, "        ")}`,
  ],
];

/**
 * Let's Encrypt's server for tests, as large ones work: it looks each name up and asks there, at port 80, whether the name is
 * whose it says. While this runs it answers.
 */
export async function withAcmeServer(work: () => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "grunnmur-acme-"));
  const running: ChildProcess[] = [];
  const within = ["netns", "exec", namespaceOf("local")];
  const runs = (...command: string[]) => running.push(spawn("ip", [...within, ...command], { stdio: "ignore" }));
  const address = (verb: string) => type("ip", [...within, "ip", "addr", verb, `${ADDRESS}/32`, "dev", "lo"]);
  try {
    // Those that the agent itself is tested with.
    const packages = ["pebble", "pebble-challtestsrv"].map((one) => `github.com/letsencrypt/pebble/v2/cmd/${one}`);
    const moduleDir = join(repository, "components/ingress/agent");
    await goBuild({ moduleDir, output: `${directory}/`, packages }, () => undefined);
    const own = issue(seed, authority, since, {
      commonName: "pebble",
      usage: "server",
      ipAddresses: [ADDRESS],
      validDays: 9,
    });
    const [certificate, privateKey, config] = ["crt", "key", "json"].map((one) => join(directory, `pebble.${one}`));
    assert.ok(certificate && privateKey && config);
    writeFileSync(certificate, own.certificate);
    writeFileSync(privateKey, own.privateKey, { mode: 0o600 });
    const listenAddress = `${ADDRESS}:${PORT}`;
    writeFileSync(
      config,
      JSON.stringify({ pebble: { listenAddress, certificate, privateKey, httpPort: 80, tlsPort: 443 } }),
    );
    await must(address("add"));
    const off = ["http01", "https01", "tlsalpn01", "doh"].flatMap((one) => [`-${one}`, ""]);
    runs(
      join(directory, "pebble-challtestsrv"),
      "-dnsserver",
      DNS,
      "-management",
      "127.0.0.1:8055",
      "-defaultIPv4",
      WORKER,
      "-defaultIPv6",
      "",
      ...off,
    );
    runs(join(directory, "pebble"), "-config", config, "-dnsserver", DNS, "-strict");
    await work();
  } finally {
    for (const one of running) one.kill();
    await address("del");
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Until a name is served with a certificate of the server's, or of the environment's own again. @returns seconds */
export function servedBy(who: RegExp, name: string, { ingress }: Outputs): Promise<number> {
  return until(`a certificate by ${who}`, 600, async () => who.test(await issuerOf(name, ingress?.reach[0] ?? "")));
}

function issuerOf(name: string, host: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: 443, servername: name, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().issuer.CN));
      socket.destroy();
    });
    socket.on("error", () => resolve(""));
    socket.setTimeout(20_000, () => {
      socket.destroy();
      resolve("");
    });
  });
}
