import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { artifactDir, artifactReady } from "../../../artifacts/store";
import { Client } from "./client";

/** A kube-apiserver with an etcd of its own, on this machine's loopback, without nodes or controllers. */
export interface ApiServer {
  client: Client;
  /** Process id of the kube-apiserver. */
  pid: number;
  /** Ends both processes and removes what they wrote. */
  stop(): Promise<void>;
}

const START_SECONDS = 120;

/** Why no server can be started here; undefined where one can. */
export function missing(): string | undefined {
  const lacking = ["etcd", "kubernetes"].filter((name) => !artifactReady(name));
  if (lacking.length === 0) return undefined;
  return `not in the artifact store: ${lacking.join(", ")}; \`./grunnmur up\` brings them there`;
}

/** @throws with the end of the log of what did not start */
export async function startApiServer(): Promise<ApiServer> {
  const directory = mkdtempSync(join(tmpdir(), "grunnmur-api-"));
  const processes: Program[] = [];
  const stop = async () => {
    await Promise.all([...processes].reverse().map((program) => program.end()));
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const [clientPort = 0, peerPort = 0, port = 0] = await freePorts(3);
    processes.push(
      new Program(directory, join(artifactDir("etcd"), "bin", "etcd"), etcdArgs(directory, clientPort, peerPort)),
    );
    const token = randomBytes(24).toString("hex");
    writeCredentials(directory, token);
    const server = new Program(
      directory,
      join(artifactDir("kubernetes"), "bin", "kube-apiserver"),
      serverArgs(directory, port, clientPort),
    );
    processes.push(server);
    const certificate = join(directory, "apiserver.crt");
    await server.until(() => existsSync(certificate) && existsSync(join(directory, "apiserver.key")));
    const client = new Client(port, token, readFileSync(certificate, "utf8"));
    await server.until(() => client.ready());
    const close = async () => {
      client.close();
      await stop();
    };
    return { client, pid: server.pid, stop: close };
  } catch (error) {
    await stop();
    throw error;
  }
}

function etcdArgs(directory: string, clientPort: number, peerPort: number): string[] {
  const client = `http://127.0.0.1:${clientPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  return [
    `--data-dir=${join(directory, "etcd")}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    // Nothing here outlives the test.
    "--unsafe-no-fsync",
    "--log-level=error",
  ];
}

function writeCredentials(directory: string, token: string): void {
  const mode = 0o600;
  writeFileSync(join(directory, "tokens.csv"), `${token},tester,tester,system:masters\n`, { mode });
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  writeFileSync(join(directory, "accounts.key"), privateKey.export({ type: "sec1", format: "pem" }), { mode });
}

function serverArgs(directory: string, port: number, etcdPort: number): string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${port}`,
    // Here the server puts the certificate that it makes for itself.
    `--cert-dir=${directory}`,
    `--token-auth-file=${join(directory, "tokens.csv")}`,
    "--authorization-mode=RBAC",
    // As kubeadm has it: else the server itself would refuse what a rule should.
    "--allow-privileged=true",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${join(directory, "accounts.key")}`,
    `--service-account-signing-key-file=${join(directory, "accounts.key")}`,
    "--service-cluster-ip-range=10.96.0.0/16",
    // No controller makes the accounts that this plugin asks of every pod.
    "--disable-admission-plugins=ServiceAccount",
    "--v=0",
  ];
}

/** One process, its log, and its end. */
class Program {
  private readonly child: ChildProcess;
  private readonly log: string;
  private readonly ended: Promise<void>;

  constructor(directory: string, binary: string, args: string[]) {
    this.log = join(directory, `${binary.slice(binary.lastIndexOf("/") + 1)}.log`);
    const out = openSync(this.log, "w", 0o600);
    this.child = spawn(binary, args, { cwd: directory, stdio: ["ignore", out, out] });
    this.ended = new Promise((resolve) => {
      this.child.once("exit", () => resolve());
      this.child.once("error", () => resolve());
    });
    process.once("exit", this.kill);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Waits for something that this process brings about. @throws when it ends first, or takes too long */
  async until(done: () => boolean | Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < START_SECONDS * 5; tries++) {
      if (await done()) return;
      if (this.child.exitCode !== null || this.child.pid === undefined) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const tail = readFileSync(this.log, "utf8").split("\n").slice(-20).join("\n");
    throw new Error(`${this.child.spawnfile} is not ready; the end of its log:\n${tail}`);
  }

  async end(): Promise<void> {
    process.removeListener("exit", this.kill);
    this.kill();
    await this.ended;
  }

  /** Nothing is kept, so nothing needs to be closed in order. */
  private readonly kill = (): void => {
    if (this.child.exitCode === null) this.child.kill("SIGKILL");
  };
}

/** Ports that were free a moment ago, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once("error", reject);
          server.listen(0, "127.0.0.1", () => {
            const address = server.address();
            resolve(address !== null && typeof address === "object" ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
