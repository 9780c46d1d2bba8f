import { spawn } from "node:child_process";
import { type AddressInfo, connect } from "node:net";
import { Server, type Connection as ServerConnection, type Session, utils } from "ssh2";

/** An SSH server on loopback that runs what it is told with /bin/sh. For tests. */
export interface FakeSshd {
  port: number;
  /** The server's public host key, as one pins it. */
  hostKey: string;
  /** A private key that the server lets in. */
  privateKey: string;
  /** Every command that was run. */
  commands: string[];
  close(): Promise<void>;
}

/** `acceptEnv` are the variables that the server takes; like sshd it drops the others in silence. */
export async function fakeSshd(acceptEnv: string[] = []): Promise<FakeSshd> {
  const host = utils.generateKeyPairSync("ed25519");
  const user = utils.generateKeyPairSync("ed25519");
  const commands: string[] = [];
  const open = new Set<ServerConnection>();
  const server = new Server({ hostKeys: [host.private] }, (connection) => {
    open.add(connection);
    connection.on("close", () => open.delete(connection));
    connection.on("error", () => {});
    connection.on("authentication", (attempt) => {
      const allowed = utils.parseKey(user.public);
      if (allowed instanceof Error) throw allowed;
      const known = attempt.method === "publickey" && attempt.key.data.equals(allowed.getPublicSSH());
      if (known) attempt.accept();
      else attempt.reject(["publickey"]);
    });
    connection.on("tcpip", (accept, reject, { destIP, destPort }) => {
      const socket = connect(destPort, destIP, () => {
        const channel = accept();
        channel.pipe(socket).pipe(channel);
        channel.on("error", () => socket.destroy());
      });
      socket.on("error", () => reject());
    });
    connection.on("session", (accept) => serveSession(accept(), acceptEnv, commands));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    hostKey: host.public,
    privateKey: user.private,
    commands,
    close: () =>
      new Promise((resolve) => {
        for (const connection of open) connection.end();
        server.close(() => resolve());
      }),
  };
}

function serveSession(session: Session, acceptEnv: string[], commands: string[]): void {
  const environment: Record<string, string> = {};
  session.on("env", (accept, reject, { key, val }) => {
    if (acceptEnv.includes(key)) {
      environment[key] = val;
      accept?.();
    } else reject?.();
  });
  session.on("exec", (accept, _reject, { command }) => {
    commands.push(command);
    const channel = accept();
    const child = spawn("/bin/sh", ["-c", command], { env: { PATH: process.env.PATH, ...environment } });
    channel.pipe(child.stdin);
    child.stdin.on("error", () => {});
    child.stdout.on("data", (chunk) => channel.write(chunk));
    child.stderr.on("data", (chunk) => channel.stderr.write(chunk));
    channel.on("close", () => child.kill());
    child.on("close", (code) => {
      channel.exit(code ?? 1);
      channel.end();
    });
  });
}
