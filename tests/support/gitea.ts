import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { artifactDir, ensure } from "../../artifacts/store";
import { certificateAuthority, issue } from "../../components/keys/certificates";
import type { RepoFile } from "../../gitops/templates";
import { until } from "./poll";
import type { Rig } from "./rig";
import { must, type Typed, type } from "./user";

const ADDRESS = "10.30.0.1";
const HTTPS = 3000;
const SSH = 2222;
const OWNER = "platform";
const REPOSITORY = "config";

/** A real Gitea beside the rig's hypervisors, with one private repository and a person who owns it. */
export class Gitea {
  private readonly process: ChildProcess;
  private ownToken = "";

  private constructor(
    private readonly rig: Rig,
    private readonly directory: string,
  ) {
    const log = createWriteStream(join(directory, "log"));
    this.process = spawn("ip", ["netns", "exec", rig.namespace, ...this.asNobody(), ...this.command("web")], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.process.stdout?.pipe(log);
    this.process.stderr?.pipe(log);
  }

  static async in(rig: Rig): Promise<Gitea> {
    await ensure(["gitea"]);
    const directory = join(rig.directory, "gitea");
    mkdirSync(directory);
    // The store may be below a folder that is root's alone.
    cpSync(artifactDir("gitea"), join(directory, "program"), { recursive: true });
    prepare(directory);
    // Gitea refuses to run as root.
    execFileSync("chown", ["-R", "nobody:nogroup", directory]);
    const gitea = new Gitea(rig, directory);
    await until("Gitea", 300, async () => (await gitea.curl("GET", "/api/healthz")).code === 0);
    const person = ["--username", OWNER, "--email", "platform@example.no"];
    await must(
      gitea.admin("user", "create", "--admin", "--random-password", "--must-change-password=false", ...person),
    );
    gitea.ownToken = await gitea.token("all", "write:repository,write:user");
    await gitea.api("POST", "/user/repos", { name: REPOSITORY, default_branch: "main", private: true });
    return gitea;
  }

  /** What the stack names: repository, host key and kind. */
  readonly repository = `ssh://git@${ADDRESS}:${SSH}/${OWNER}/${REPOSITORY}.git`;
  readonly url = `https://${ADDRESS}:${HTTPS}`;
  get hostKey(): string {
    return readFileSync(join(this.directory, "host.pub"), "utf8").split(" ").slice(0, 2).join(" ");
  }
  /** PEM file of the authority that its certificate is from. */
  get caFile(): string {
    return join(this.directory, "ca.pem");
  }

  /** A token that may do with the repository's keys what a stack asks for, and nothing beyond the repositories. */
  tokenForStack(): Promise<string> {
    return this.token("stack", "write:repository");
  }

  async token(name: string, scopes: string): Promise<string> {
    const wanted = ["--token-name", name, "--scopes", scopes, "--raw"];
    const shown = await must(this.admin("user", "generate-access-token", "--username", OWNER, ...wanted));
    return shown.stdout.trim().split("\n").at(-1) ?? "";
  }

  /** The commit that `main` is at. */
  async head(): Promise<string> {
    const { commit } = (await this.api("GET", `${repo}/branches/main`)) as { commit: { id: string } };
    return commit.id;
  }

  /** Their titles. */
  async openPullRequests(): Promise<string[]> {
    const open = (await this.api("GET", `${repo}/pulls?state=open`)) as { title: string }[];
    return open.map(({ title }) => title);
  }

  /** Titles and rights of the repository's deploy keys. */
  async deployKeys(): Promise<{ title: string; key: string; readOnly: boolean }[]> {
    const found = (await this.api("GET", `${repo}/keys`)) as { title: string; key: string; read_only: boolean }[];
    return found.map(({ title, key, read_only: readOnly }) => ({ title, key, readOnly }));
  }

  async addDeployKey(title: string, key: string, readOnly: boolean): Promise<void> {
    await this.api("POST", `${repo}/keys`, { title, key, read_only: readOnly });
  }

  /** Puts files on a branch, which is made from `main` where it is another, as its owner does. */
  async commit(branch: string, message: string, files: RepoFile[]): Promise<void> {
    const content = await Promise.all(
      files.map(async ({ path, content }) => {
        const there = await this.curl("GET", `/api/v1${repo}/contents/${path}`);
        const sha = there.code === 0 ? { sha: (JSON.parse(there.stdout) as { sha: string }).sha } : {};
        const operation = there.code === 0 ? "update" : "create";
        return { operation, path, content: Buffer.from(content).toString("base64"), ...sha };
      }),
    );
    const onto = branch === "main" ? { branch } : { branch: "main", new_branch: branch };
    await this.api("POST", `${repo}/contents`, { ...onto, message, files: content });
  }

  /** A merge request of a branch, opened and merged. @returns the commit that `main` is at then */
  async merge(branch: string): Promise<string> {
    const { number } = (await this.api("POST", `${repo}/pulls`, { base: "main", head: branch, title: branch })) as {
      number: number;
    };
    // Whether it can be merged is looked at in the background.
    await until("a merge request that can be merged", 60, async () => {
      const { mergeable } = (await this.api("GET", `${repo}/pulls/${number}`)) as { mergeable: boolean };
      return mergeable;
    });
    await this.api("POST", `${repo}/pulls/${number}/merge`, { Do: "merge" });
    return this.head();
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill();
    await ended;
  }

  private async api(method: string, path: string, body?: object): Promise<unknown> {
    const { stdout } = await must(this.curl(method, `/api/v1${path}`, body));
    return stdout ? JSON.parse(stdout) : undefined;
  }

  private curl(method: string, path: string, body?: object): Promise<Typed> {
    const config = join(this.rig.directory, "gitea-curl");
    const lines = [
      `cacert = "${this.caFile}"`,
      'header = "Content-Type: application/json"',
      ...(this.ownToken ? [`header = "Authorization: token ${this.ownToken}"`] : []),
    ];
    writeFileSync(config, `${lines.join("\n")}\n`, { mode: 0o600 });
    const data = body ? ["-d", JSON.stringify(body)] : [];
    const args = ["-q", "-sS", "--fail-with-body", "-K", config, "-X", method, ...data, `${this.url}${path}`];
    return this.rig.run("curl", args);
  }

  private admin(...args: string[]): Promise<Typed> {
    const [program = "", ...rest] = [...this.asNobody(), ...this.command("admin", ...args)];
    return type(program, rest);
  }

  private asNobody(): string[] {
    const user = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--pdeathsig", "KILL"];
    return [...user, "env", `HOME=${this.directory}`, "USER=nobody"];
  }

  private command(...args: string[]): string[] {
    return [join(this.directory, "program", "bin", "gitea"), ...args, "--config", join(this.directory, "app.ini")];
  }
}

const repo = `/repos/${OWNER}/${REPOSITORY}`;

function prepare(directory: string): void {
  const seed = Buffer.alloc(32, 9).toString("base64");
  const day = new Date().toISOString().slice(0, 10);
  const issuedAt = `${day}T00:00:00Z`;
  const authority = certificateAuthority(seed, "rig", issuedAt);
  const own = issue(seed, authority, issuedAt, {
    commonName: "gitea",
    usage: "server",
    validDays: 300,
    ipAddresses: [ADDRESS],
  });
  const write = (name: string, content: string): void => {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content, { mode: 0o600 });
  };
  write("ca.pem", authority.certificate);
  write("tls.pem", own.certificate);
  write("tls.key", own.privateKey);
  execFileSync("chmod", ["644", join(directory, "ca.pem")]);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", join(directory, "host")]);
  const share = join(directory, "program", "share");
  const random = (): string => execFileSync("openssl", ["rand", "-hex", "32"], { encoding: "utf8" }).trim();
  write(
    "app.ini",
    `RUN_USER = nobody
WORK_PATH = ${directory}/work
[server]
PROTOCOL = https
HTTP_ADDR = ${ADDRESS}
HTTP_PORT = ${HTTPS}
DOMAIN = ${ADDRESS}
ROOT_URL = https://${ADDRESS}:${HTTPS}/
CERT_FILE = ${directory}/tls.pem
KEY_FILE = ${directory}/tls.key
START_SSH_SERVER = true
SSH_LISTEN_HOST = ${ADDRESS}
SSH_LISTEN_PORT = ${SSH}
SSH_SERVER_HOST_KEYS = ${directory}/host
BUILTIN_SSH_SERVER_USER = git
LOCAL_ROOT_URL = https://${ADDRESS}:${HTTPS}/
${existsSync(share) ? `STATIC_ROOT_PATH = ${share}` : ""}
[database]
DB_TYPE = sqlite3
PATH = ${directory}/gitea.db
[repository]
ROOT = ${directory}/repositories
[security]
INSTALL_LOCK = true
SECRET_KEY = ${random()}
[oauth2]
ENABLED = false
[cron]
ENABLED = false
[indexer]
ISSUE_INDEXER_TYPE = db
[log]
LEVEL = Warn
`,
  );
  mkdirSync(join(directory, "work"));
}
